import { describe, expect, it } from 'vitest';
import { hostState } from './host-state.ts';
import type { AgentStatus } from './status-file.ts';

const now = Date.UTC(2026, 10, 22, 12);
const schedule = { checkInSeconds: 60, fullScanSeconds: 3600 };
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const status = (change: Partial<AgentStatus>): AgentStatus =>
  ({ since: minutesAgo(600), checkInAt: minutesAgo(1), problem: null, ...change }) as AgentStatus; // only what is read

describe('hostState', () => {
  it.each([
    ['enrolling', 'not enrolled', null, null],
    ['enrolling', 'just started', status({ since: minutesAgo(1), checkInAt: null }), schedule],
    ['active', 'heard a minute ago', status({}), schedule],
    ['silent', 'not answered for nine minutes', status({ checkInAt: minutesAgo(9) }), schedule],
    ['silent', 'never answered', status({ checkInAt: null }), schedule],
    ['held', 'told to wait', status({ standing: 'held' }), schedule],
    ['cloned', 'told to enroll', status({ standing: 'cloned' }), schedule],
    ['refused', 'refused', status({ standing: 'refused', problem: 'UNKNOWN_AGENT: …' }), schedule],
  ])('is %s when %s', (state, _, found, given) => {
    expect(hostState(found, given, now)).toMatchObject({ state });
  });

  it('gives the reason, and what it waits for', () => {
    expect(hostState(status({ checkInAt: minutesAgo(9), problem: 'no route' }), schedule, now)).toEqual({
      state: 'silent',
      since: minutesAgo(1),
      reason: 'no route',
      waitsFor: 'a check-in',
    });
  });
});
