import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentStateName } from './agent-state-name.ts';
import { agentStates, stateBySilence } from './agent-states.ts';

const day = 86_400;
const limits = { silent: day, stale: 7 * day, archived: 30 * day };
const stateAfter = (seconds: number, hasCheckedIn = true): AgentStateName =>
  stateBySilence({ lastHeard: 0, hasCheckedIn }, seconds * 1000, limits).state;

describe('agentStates', () => {
  it('names only states as next ones', () => {
    const names = Object.keys(agentStates);
    expect(Object.values(agentStates).flatMap(({ next }) => next.filter((name) => !names.includes(name)))).toEqual([]);
  });

  it('reaches every state from enrolling, and active from every state', () => {
    const reachable = (from: AgentStateName): Set<string> => {
      const found = new Set<string>([from]);
      for (const name of found) for (const next of agentStates[name as AgentStateName].next) found.add(next);
      return found;
    };
    expect([...reachable('enrolling')].toSorted()).toEqual(Object.keys(agentStates).toSorted());
    for (const name of Object.keys(agentStates) as AgentStateName[]) expect(reachable(name)).toContain('active');
  });
});

describe('stateBySilence', () => {
  it.each([
    [0, 'active'],
    [day - 1, 'active'],
    [day, 'silent'],
    [7 * day, 'stale'],
    [30 * day, 'archived'],
    [3000 * day, 'archived'],
  ] as const)('after %d seconds without a check-in: %s', (seconds, state) => expect(stateAfter(seconds)).toBe(state));

  it('is enrolling before the first check-in', () => expect(stateAfter(60, false)).toBe('enrolling'));

  it('revives an archived asset with its next check-in', () => {
    expect(stateBySilence({ lastHeard: 31 * day * 1000, hasCheckedIn: true }, 31 * day * 1000, limits).state).toBe('active');
  });

  it('only goes where the table lets it go, whatever comes when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: day }), fc.boolean()), { maxLength: 80 }), (steps) => {
        let [now, lastHeard, hasCheckedIn] = [0, 0, false];
        let before: AgentStateName = 'enrolling';
        for (const [seconds, checksIn] of steps) {
          now += seconds * 1000;
          if (checksIn) [lastHeard, hasCheckedIn] = [now, true];
          const { state } = stateBySilence({ lastHeard, hasCheckedIn }, now, limits);
          const allowed: readonly string[] = [before, ...agentStates[before].next];
          expect(allowed).toContain(state);
          before = state;
        }
      }),
    );
  });
});
