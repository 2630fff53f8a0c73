import { type Deadlines, severities, type Severity, severityNames, type Trends } from '@vedette/protocol';
import { parseQuery } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { severityCounts } from '../detections/severity-counts.ts';
import { prepareExceptedCounts } from '../exceptions/excepted-then.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { countFoundAt } from '../fleet-index/summarize-fleet.ts';
import type { BulkTransition } from '../fleet-index/transition-log.ts';
import type { TransitionRun } from '../fleet-index/transition-run.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { indexAnswers, prepareDetections } from '../query/detection-query.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { fleetRiskAt } from '../risk/fleet-risk-at.ts';
import { loadDeadlines } from './deadlines.ts';

const dayMs = 24 * 3600 * 1000;
/** Of more fixed detections the mean is taken of so many, evenly chosen. */
const measuredAtMost = 2000;

/** Time moves on although nothing else does. */
const freshMs = 60_000;
/** What took long to count is shown for so many times as long, whatever changed meanwhile. */
const patienceFactor = 10;

interface Kept {
  readonly asked: string;
  readonly revision: number;
  readonly trends: Trends;
  readonly until: number;
  readonly patientUntil: number;
}

/** By index: an index is of one organization, or of what somebody may see of it. */
const kept = new WeakMap<OrganizationIndex, Kept>();

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;

interface Wish {
  readonly organizationId: string;
  readonly days: number;
  /** Up to now where it is left out. */
  readonly asOf?: Date | undefined;
}

/** Of a moment of the past the days before it that the index knows of. Throws ApiError UNAVAILABLE while the fleet index is being built. */
export async function loadTrends(sources: Sources, { organizationId, days: count, asOf }: Wish): Promise<Trends> {
  const { db, fleetIndex, clock } = sources;
  const past = asOf && asOf < clock() ? asOf : null;
  const deadlines = await loadDeadlines(db, organizationId);
  const before = await fleetIndex.current(organizationId);
  const asked = JSON.stringify([count, deadlines, past]);
  const last = kept.get(before);
  const begin = performance.now();
  if (last?.asked === asked && begin < (last.revision === before.revision ? last.until : last.patientUntil)) return last.trends;
  const { revision } = before;
  const now = past?.getTime() ?? before.momentFor(clock().getTime());
  const ends = Array.from({ length: count }, (_, number) => now - (count - 1 - number) * dayMs).filter(
    (at) => at - dayMs >= before.since,
  );
  const overdue = await countOverdue(sources, { organizationId, deadlines, past });
  // Of now the index says it, as everywhere.
  const scope = { organizationId, asOf: clock(), silence: sources.config.silence };
  const contexts = await prepareContexts(db, scope, { prepareAssets });
  const excepted = await prepareExceptedCounts(sources, scope, { moments: past ? ends : ends.slice(0, -1), prepareAssets });
  const index = await fleetIndex.current(organizationId);
  const ended = endedBetween(index, (ends[0] ?? now) - dayMs, now);
  const daily = countDaily(index, ends, past ? excepted(index) : [...excepted(index), exceptedNow(index)]);
  const risks = ends.length === 0 ? [] : fleetRiskAt(index, contexts?.(index) ?? usualContexts, ends);
  const days = daily.map((day, number) => ({ ...day, risk: risks[number] ?? 0 }));
  const trends = { days, remediation: await measure(db, { organizationId, ended, book: index.book }), overdue };
  const end = performance.now();
  kept.set(index, { asked, revision, trends, until: end + freshMs, patientUntil: end + (end - begin) * patienceFactor });
  return trends;
}

function exceptedNow({ table }: OrganizationIndex): number[] {
  const open = table.countAll();
  return table.countAll('found').map((count, place) => count - (open[place] ?? 0));
}

/**
 * What the log tells of first findings, the found ones at both ends complete: an asset that came brought its own with it. What came and went
 * was found or not, excepted or not; open is what no exception covered.
 */
function countDaily(
  index: OrganizationIndex,
  ends: readonly number[],
  excepted: readonly number[][],
): Omit<Trends['days'][number], 'risk'>[] {
  const [first] = ends;
  if (first === undefined) return [];
  const begin = first - dayMs;
  const found = countFoundAt(index, [begin, ...ends]);
  const totals = found.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const changes = ends.map(() => ({ reopened: 0, fixed: 0 }));
  const dayOf = (at: number) => changes[Math.ceil((at - begin) / dayMs) - 1];
  index.log.forEach(begin + 1, ({ at, assets, from, to, first: isFirst }) => {
    const entry = to === 0 || (from === 0 && !isFirst) ? dayOf(at) : undefined;
    if (!entry) return;
    const count = typeof assets === 'number' ? 1 : assets.size;
    if (to === 0) entry.fixed += count;
    else entry.reopened += count;
  });
  return ends.map((at, number) => {
    const { reopened, fixed } = changes[number] ?? { reopened: 0, fixed: 0 };
    const more = (totals[number + 1] ?? 0) - (totals[number] ?? 0);
    const open = (found[number + 1] ?? []).map((count, place) => count - (excepted[number]?.[place] ?? 0));
    const counts = severityCounts(open.map((count, place) => ({ severity: place + 1, count })));
    return { at: new Date(at).toISOString(), open: counts, new: Math.max(0, more + fixed - reopened), reopened, fixed };
  });
}

interface Ended {
  readonly total: ReadonlyMap<number, number>;
  /** Some of them, with asset id, check number and when they ended. */
  readonly some: readonly { readonly assetId: string; readonly check: number; readonly at: Date }[];
}

/** Detections that ended after a moment and not after another one, by the check's place. */
function endedBetween(index: OrganizationIndex, since: number, until: number): Ended {
  const total = new Map<number, number>();
  const { log, book, table } = index;
  let all = 0;
  const count = (place: number, detections: number): void => {
    total.set(place, (total.get(place) ?? 0) + detections);
    all += detections;
  };
  log.forEachMany(since + 1, ({ place, assets, to }) => void (to === 0 && count(place, assets.size)), until);
  const countEnds = (run: TransitionRun): void => {
    let ends = 0;
    for (let number = run.begin; number < run.end; number += 1) if (run.to(number) === 0) ends += 1;
    if (ends > 0) count(run.place, ends);
  };
  log.forEachRun(since + 1, countEnds, until);
  const step = Math.max(1, Math.ceil(all / measuredAtMost));
  const some: { assetId: string; check: number; at: Date }[] = [];
  let seen = 0;
  const take = (place: number, dense: number, at: number): void => {
    seen += 1;
    const asset = seen % step === 0 ? table.assets[dense] : undefined;
    if (asset) some.push({ assetId: asset.assetId, check: book.checks[place]?.number ?? 0, at: new Date(at) });
  };
  const takeMany = ({ at, place, assets, to }: BulkTransition): void => {
    if (to === 0) for (const dense of assets) take(place, dense, at);
  };
  log.forEachMany(since + 1, takeMany, until);
  const takeEnds = (run: TransitionRun): void => {
    for (let number = run.begin; number < run.end; number += 1)
      if (run.to(number) === 0) take(run.place, run.asset(number), run.at(number));
  };
  log.forEachRun(since + 1, takeEnds, until);
  return { total, some };
}

async function measure(
  db: Kysely<Database>,
  { organizationId, ended, book }: { organizationId: string; ended: Ended; book: OrganizationIndex['book'] },
): Promise<Trends['remediation']> {
  const checks = book.checks.map(({ severity }) => severity);
  const fixed = new Map<number, number>();
  for (const [place, count] of ended.total) fixed.set(checks[place] ?? 1, (fixed.get(checks[place] ?? 1) ?? 0) + count);
  const rows = await loadDurations(db, organizationId, ended.some);
  return severities.map((severity) => {
    const own = rows.filter(({ check }) => checks[book.placeOf(check) ?? -1] === severity);
    const [measured, seconds] = own.reduce(([count, sum], row) => [count + row.count, sum + row.seconds], [0, 0]);
    return { severity, fixed: fixed.get(severity) ?? 0, meanSeconds: measured === 0 ? null : seconds / measured, measured };
  });
}

/** How long each stretch lasted that ended then, summed up by check. */
async function loadDurations(
  db: Kysely<Database>,
  organizationId: string,
  some: Ended['some'],
): Promise<{ readonly check: number; readonly count: number; readonly seconds: number }[]> {
  if (some.length === 0) return [];
  const [assetIds, checks] = [some.map(({ assetId }) => assetId), some.map(({ check }) => check)];
  const { rows } = await sql<{ check: number; count: number; seconds: number }>`
    select wanted.check_number as check, count(*)::integer as count,
      sum(extract(epoch from upper(part) - lower(part)))::float8 as seconds
    from (
      select presence.asset_id, verdict.check_number,
        unnest(range_agg(presence.during * tstzrange(verdict.from_at, verdict.until_at))) as part
      from presence join verdict using (package_version_id)
      where presence.organization_id = ${organizationId} and presence.asset_id = any(${[...new Set(assetIds)]}::uuid[])
        and presence.package_version_id = any(array(
          select package_version_id from verdict where check_number = any(${[...new Set(checks)]}::integer[])))
        and (presence.asset_id, verdict.check_number) in (select * from unnest(${assetIds}::uuid[], ${checks}::integer[]))
      group by 1, 2
    ) as stretch
    join unnest(${assetIds}::uuid[], ${checks}::integer[], ${some.map(({ at }) => at)}::timestamptz[])
      as wanted (asset_id, check_number, at)
      on wanted.asset_id = stretch.asset_id and wanted.check_number = stretch.check_number
        and date_trunc('milliseconds', upper(part)) = wanted.at
    group by 1`.execute(db);
  return rows;
}

/** The detections of a severity that are open longer than they may be; of a moment of the past those that were. */
function overdueQuery(severity: Severity, days: number, past: Date | null): string {
  const before = past ? new Date(past.getTime() - days * dayMs).toISOString() : `now-${days}d`;
  return `severity:${severity} and firstFound:<${before}`;
}

interface OverdueWish {
  readonly organizationId: string;
  readonly deadlines: Deadlines;
  /** Null for now. */
  readonly past: Date | null;
}

async function countOverdue(
  { db, fleetIndex, clock, config }: Sources,
  { organizationId, deadlines, past }: OverdueWish,
): Promise<Trends['overdue']> {
  const overdue: Trends['overdue'] = [];
  for (const severity of severities) {
    const days = deadlines[severityNames[severity]];
    if (days === null) continue;
    const text = overdueQuery(severity, days, past);
    const { query } = parseQuery(text, 'detection', clock().getTime());
    const scope = { organizationId, asOf: past ?? clock(), silence: config.silence };
    const select = await prepareDetections(db, query, scope, prepareAssets);
    const index = await fleetIndex.at(organizationId, past);
    let detections = 0;
    const isAnswered = indexAnswers(query, index);
    if (isAnswered) select(index, ({ size }) => void (detections += size));
    overdue.push({ severity, days, query: text, detections: isAnswered ? detections : null });
  }
  return overdue;
}
