import type { countDetections, DetectionGroup, DetectionGrouping, Remainder, Upgrade } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { countDays } from '../fleet-index/count-days.ts';
import { byStatus, countByAsset, countByCheck, type Group, packagesOf } from '../fleet-index/count-groups.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { canSelect, type DetectionFilter, selectDetections, type Selected } from '../fleet-index/select-detections.ts';
import { whatRemains } from '../fleet-index/what-remains.ts';
import { ApiError } from '../http/api-error.ts';
import { newForDays } from './derive.ts';
import { packageVersionsAbout, subject } from './find-in-fleet.ts';
import { severityCounts } from './severity-counts.ts';

type Wish = Omit<z.output<typeof countDetections.query>, 'groupBy'> & {
  readonly organizationId: string;
  readonly groupBy: DetectionGrouping;
};
type Counts = z.output<typeof countDetections.reply>;

interface Counting {
  readonly index: OrganizationIndex;
  readonly filter: DetectionFilter;
  /** Sources by number of the package version. */
  readonly sources: ReadonlyMap<number, string>;
  readonly select: (filter: DetectionFilter) => (visit: (selected: Selected) => void) => void;
}

/**
 * Detections of now by what they have in common, from the fleet index. Throws ApiError BAD_REQUEST for what it does not know, UNAVAILABLE
 * while it is being built.
 */
export async function countGroups(
  { db, fleetIndex, clock }: Pick<Context, 'db' | 'fleetIndex' | 'clock'>,
  wish: Wish,
): Promise<Counts> {
  const { organizationId, groupBy, search, limit } = wish;
  const isWithFixed = wish.status === 'fixed' || wish.status === 'all';
  if (isWithFixed && (groupBy === 'package' || groupBy === 'firstFound'))
    throw new ApiError('BAD_REQUEST', `query.groupBy: fixed detections are not counted by ${groupBy}; ask for open ones`);
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const sources = groupBy === 'package' ? await loadSources(db) : new Map<number, string>();
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(clock().getTime());
  if (!canSelect(index, wish, asOf)) throw new ApiError('BAD_REQUEST', 'query: so far back detections are listed, not counted');
  const about = search ? subject(index, search, ids) : undefined;
  const filter: DetectionFilter = { ...wish, about };
  const select: Counting['select'] = (one) => (visit) => selectDetections(index, one, { asOf, newForDays }, visit);
  let detections = 0;
  select(filter)(({ assets }) => void (detections += assets.size));
  const groups = count(groupBy, { index, filter, sources, select });
  about?.assets.dispose();
  const sorted = groups.toSorted((a, b) => b.detections - a.detections || (a.key < b.key ? -1 : 1));
  return { groups: sorted.slice(0, limit).map((group) => labelled(index, groupBy, group)), total: groups.length, detections };
}

function count(groupBy: DetectionGrouping, { index, filter, sources, select }: Counting): Omit<DetectionGroup, 'label'>[] {
  const all = select(filter);
  switch (groupBy) {
    case 'severity':
      return countByCheck(all, ({ severity, assets }) => [[`${severity}`, assets]]);
    case 'check':
      return countByCheck(all, ({ check, assets }) => [[`${check.number}`, assets]]);
    case 'package':
      return countByCheck(
        all,
        packagesOf(index, (id) => sources.get(id)),
      );
    case 'status':
      return byStatus(filter).flatMap(([status, one]) => countByCheck(select(one), ({ assets }) => [[status, assets]]));
    case 'firstFound':
      return countDays(index, all).map((day) => ({ ...day, assets: null }));
    case 'asset':
      return countByAsset(index, all, ({ assetId }) => assetId);
    case 'os':
    case 'ecosystem':
    case 'release':
      return countByAsset(index, all, (asset) => asset[groupBy]);
  }
}

function labelled(
  index: OrganizationIndex,
  groupBy: DetectionGrouping,
  group: Omit<Group, 'assets'> & { assets: number | null },
): DetectionGroup {
  if (groupBy === 'check')
    return { ...group, label: index.book.checks[index.book.placeOf(Number(group.key)) ?? -1]?.name ?? group.key };
  if (groupBy !== 'asset') return { ...group, label: group.key };
  return { ...group, label: index.table.assets.find(({ assetId }) => assetId === group.key)?.hostname ?? group.key };
}

/** Of package versions that verdicts speak of. */
async function loadSources(db: Kysely<Database>): Promise<Map<number, string>> {
  const { rows } = await sql<{ id: number; source: string }>`
    select id, source from package_version where id in (select package_version_id from verdict)`.execute(db);
  return new Map(rows.map(({ id, source }) => [id, source]));
}

/** What would stay open in the fleet. Throws ApiError UNAVAILABLE while the index is being built. */
export async function askWhatIf(
  { fleetIndex }: Pick<Context, 'fleetIndex'>,
  organizationId: string,
  { checks, upgrades }: { readonly checks: readonly number[]; readonly upgrades: readonly Upgrade[] },
): Promise<{ now: Remainder; after: Remainder }> {
  const index = await fleetIndex.current(organizationId);
  const keys = upgrades.map(({ ecosystem, release, source }) => `${ecosystem} ${release} ${source}`);
  const { now, after } = whatRemains(index, { checks: new Set(checks), upgrades: new Set(keys) });
  return { now: toRemainder(now), after: toRemainder(after) };
}

function toRemainder({ open, assets }: { readonly open: readonly number[]; readonly assets: number }): Remainder {
  return { open: severityCounts(open.map((number, at) => ({ severity: at + 1, count: number }))), assets };
}
