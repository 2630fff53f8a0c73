import { agentStates, type AgentStateName, type Enrolled } from '@vedette/protocol';
import type { AgentStatus, Standing } from './status-file.ts';

export interface HostState {
  readonly state: AgentStateName;
  /** RFC 3339, UTC; null when nothing ever happened. */
  readonly since: string | null;
  readonly reason: string;
  readonly waitsFor: string;
}

/** What a reply of the platform says about this machine. */
const byStanding: Readonly<Record<Standing, AgentStateName>> = {
  accepted: 'active',
  held: 'held',
  cloned: 'cloned',
  refused: 'refused',
};
/** The longest pause between attempts; see Backoff. */
const longestPauseSeconds = 300;

/**
 * In which state this host's agent is, from what it last wrote down. `schedule` is null before enrollment. Silent here means that
 * check-ins have been failing for longer than pauses between them may take; the platform is more patient.
 */
export function hostState(status: AgentStatus | null, schedule: Enrolled['schedule'] | null, now: number): HostState {
  const as = (state: AgentStateName, since: string | null): HostState => ({
    state,
    since,
    reason: status?.problem ?? agentStates[state].describes,
    waitsFor: agentStates[state].waitsFor,
  });
  if (!schedule || !status) return as('enrolling', null);
  const { checkInAt, standing = 'accepted', since } = status;
  if (standing !== 'accepted') return as(byStanding[standing], checkInAt ?? since);
  const silentMs = 1000 * (3 * schedule.checkInSeconds + longestPauseSeconds);
  const heardAt = Date.parse(checkInAt ?? since);
  if (now - heardAt >= silentMs) return as('silent', new Date(heardAt + silentMs).toISOString());
  return checkInAt === null ? as('enrolling', since) : as('active', checkInAt);
}
