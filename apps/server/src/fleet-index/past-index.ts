import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { newForDays } from '../detections/derive.ts';
import { ApiError } from '../http/api-error.ts';
import { came, went } from './detection-history.ts';
import { OrganizationIndex, windowMs } from './organization-index.ts';
import { enterPastChecks } from './past-checks.ts';
import { PastGone, settleDoubts } from './past-gone.ts';
import { PastPackages } from './past-packages.ts';
import { type ChangesSince, readChangesSince } from './read-changes-since.ts';
import { TransitionLog } from './transition-log.ts';

export interface PastWish {
  readonly db: Kysely<Database>;
  readonly organizationId: string;
  /** In ms since 1970. */
  readonly moment: number;
  /** The index of now, brought up to date by each call. */
  readonly current: () => Promise<OrganizationIndex>;
}

const dayMs = 24 * 3600 * 1000;
const ever = Number.POSITIVE_INFINITY;
/** A fleet in which so often something came in between has to be asked again. */
const maxRounds = 20;

/**
 * The index of an organization as it stood at a moment, as far back as the histories go: the packages of now with every change since
 * undone, judged by the verdicts that held then, each where it is asked for. What is asked of an index of now can be asked of it (lists,
 * counts by whatever grouping, software, upgrades); when detections came and went only where windowAt says so. Names and states of assets,
 * and what a check is called, are those of now.
 * Nothing that happens later changes it. It takes up to as much memory as the index of now; the caller disposes it. Throws ApiError
 * UNAVAILABLE while the index of now is being built.
 */
export async function buildPastIndex(wish: PastWish): Promise<OrganizationIndex> {
  const { moment } = wish;
  const { whole, changes } = await readUntilCurrent(wish);
  // Now, before the next await: the index of now changes under whoever waits.
  const table = whole.table.at(moment);
  const born = table.bornBy(moment);
  const packages = new PastPackages(whole.packages.copy(), { born, since: changes ?? whole.packageLog.copy(moment + 1, ever) });
  const { since } = windowAt(whole, new Date(moment));
  const isTimed = Number.isFinite(since);
  const log = isTimed ? whole.log.copy(since, moment) : new TransitionLog();
  const index = new OrganizationIndex(whole.book.at(moment), moment, { table, packages, log });
  [index.since, index.deepSince, index.newest, index.isPast] = [since, since, moment, true];
  const gone = isTimed ? new PastGone(whole, moment, born) : null;
  const doubts = gone?.doubts() ?? [];
  enterPastChecks(index, whole, { packages, born, gone });
  await settleDoubts(wish.db, wish.organizationId, { index, doubts });
  return index;
}

/**
 * Since when the index of a moment of the past knows when detections came and went: as long as that of now did then, or never, where it would
 * not know which ones were new then.
 */
export function windowAt(
  { deepSince }: OrganizationIndex,
  moment: Date,
): Pick<OrganizationIndex, 'since' | 'deepSince' | 'isPast'> {
  const at = moment.getTime();
  const since = at - newForDays * dayMs >= deepSince ? Math.max(deepSince, at - windowMs) : Number.POSITIVE_INFINITY;
  return { since, deepSince: since, isPast: true };
}

/**
 * The index of now, and what came to assets and went since the moment; null where the index knows that itself. Afterwards nothing may be waited for
 * before the index has been copied.
 */
async function readUntilCurrent(
  wish: PastWish,
): Promise<{ readonly whole: OrganizationIndex; readonly changes: TransitionLog | null }> {
  const { db, current, moment } = wish;
  const changes = new Map<number, ChangesSince>();
  for (let round = 0; round < maxRounds; round += 1) {
    const whole = await current();
    if (moment >= whole.since) return { whole, changes: null };
    const { table } = whole;
    const unknown = table.assets.filter(({ number }, asset) => {
      const birth = table.birth(asset);
      const last = table.lastChange(asset);
      return birth > 0 && birth <= moment && last > moment && changes.get(number)?.newest !== last;
    });
    if (unknown.length === 0) return { whole, changes: logOf(whole, moment, changes) };
    for (const [number, change] of await readChangesSince(db, wish, unknown)) changes.set(number, change);
  }
  throw new ApiError('UNAVAILABLE', 'The fleet changes faster than its past can be read.', { retryAfterSeconds: 5 });
}

function logOf({ table }: OrganizationIndex, moment: number, changes: ReadonlyMap<number, ChangesSince>): TransitionLog {
  const log = new TransitionLog();
  for (const [number, own] of changes) {
    const asset = table.find(number) ?? -1;
    for (const id of own.came) log.add(id, asset, { at: moment + 1, ...came });
    for (const id of own.went) log.add(id, asset, { at: moment + 1, ...went });
  }
  return log;
}
