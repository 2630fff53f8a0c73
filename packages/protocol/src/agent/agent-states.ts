interface AgentStateRule {
  readonly describes: string;
  /** Who can tell: the platform by what it hears, the host by what it is answered. */
  readonly seenBy: 'platform' | 'host' | 'both';
  /** What it waits for; empty where nothing has to happen. */
  readonly waitsFor: string;
  /** States that may come next. */
  readonly next: readonly string[];
}

/**
 * The states of an agent and its asset, in one table for host and platform. None of them is stored: each side derives them from
 * what it has heard last, so no row has to be kept in step with time.
 */
export const agentStates = {
  enrolling: {
    describes: 'Has a key, but was not heard of as an enrolled agent yet.',
    seenBy: 'both',
    waitsFor: 'the first check-in',
    next: ['active', 'held', 'refused', 'silent'],
  },
  active: {
    describes: 'Agent and platform talk to each other.',
    seenBy: 'both',
    waitsFor: '',
    next: ['held', 'cloned', 'refused', 'silent'],
  },
  held: {
    describes:
      'Another machine was heard of with the same key; nothing is taken from this one until it is clear who is the asset.',
    seenBy: 'host',
    waitsFor: 'a sign of life of the other machine, or 15 minutes without one',
    next: ['active', 'cloned', 'refused', 'silent'],
  },
  cloned: {
    describes: 'This machine is a copy of one that is alive; it makes a key of its own and becomes another asset.',
    seenBy: 'host',
    waitsFor: 'its own enrollment',
    next: ['enrolling', 'active', 'held', 'refused', 'silent'],
  },
  refused: {
    describes: 'The platform does not take this agent any more.',
    seenBy: 'host',
    waitsFor: 'somebody who enrolls it again',
    next: ['active', 'held', 'cloned', 'enrolling', 'silent'],
  },
  silent: {
    describes: 'Agent and platform have not heard of each other for longer than check-ins may take.',
    seenBy: 'both',
    waitsFor: 'a check-in',
    next: ['active', 'held', 'cloned', 'refused', 'stale'],
  },
  stale: {
    describes: 'Silent for so long that what is known of the asset may be wrong.',
    seenBy: 'platform',
    waitsFor: 'a check-in',
    next: ['active', 'archived'],
  },
  archived: {
    describes: 'Silent for so long that it is taken to be gone. Its history stays, and a check-in revives it.',
    seenBy: 'platform',
    waitsFor: 'a check-in, if it still exists',
    next: ['active'],
  },
} as const satisfies Record<string, AgentStateRule>;

/** Seconds without a check-in after which an asset is in a state. */
export interface SilenceLimits {
  readonly silent: number;
  readonly stale: number;
  readonly archived: number;
}

/** What the platform sees of an agent: by its last check-in alone, so a revived asset is simply active again. Times in milliseconds. */
export function stateBySilence(
  { lastHeard, hasCheckedIn }: { lastHeard: number; hasCheckedIn: boolean },
  now: number,
  limits: SilenceLimits,
): { readonly state: keyof typeof agentStates; readonly since: number } {
  const at = (state: keyof SilenceLimits): number => lastHeard + limits[state] * 1000;
  for (const state of ['archived', 'stale', 'silent'] as const) if (now >= at(state)) return { state, since: at(state) };
  return { state: hasCheckedIn ? 'active' : 'enrolling', since: lastHeard };
}
