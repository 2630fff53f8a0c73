import type { Collector, CollectorRun } from '@vedette/collectors';
import type { Observation } from '../sync/sync-engine.ts';

/** A collector's run in the words of the sync engine; the first problem stands for all. `now`: milliseconds since 1970. */
export function observationOf({ fact }: Collector, { status, rows, problems }: CollectorRun, now: number): Observation {
  const [first] = problems;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  const problem = first ? { problem: `${first.code} ${first.path}${more}`.slice(0, 1000) } : {};
  return { fact, status, rows, collectedAt: new Date(now).toISOString(), ...problem };
}
