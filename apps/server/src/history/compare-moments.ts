import type { ChangeGroup, ChangeOrder, Changes, compareMoments, SortDirection } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, derivedDetections } from '../detections/derive.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { differenceByAsset, differenceByCheck, differences } from '../fleet-index/past-difference.ts';
import { firstSorted } from '../fleet-index/select-assets.ts';
import { ApiError } from '../http/api-error.ts';

interface Wish extends Shown {
  readonly organizationId: string;
  readonly from: Date;
  readonly to: Date;
  readonly groupBy: 'asset' | 'check';
  readonly assetId?: string | undefined;
}

/** Which groups to show, and in which order: figures from the highest. */
interface Shown {
  readonly search?: string | undefined;
  readonly sort?: ChangeOrder;
  readonly direction?: SortDirection;
  readonly limit: number;
  readonly offset?: number;
}

/**
 * What became of detections between two moments. From the index where it looks back so far, otherwise from the histories. Throws ApiError
 * BAD_REQUEST for moments in the wrong order, UNAVAILABLE while the index is being built.
 */
export async function findChanges(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  wish: Wish,
): Promise<z.input<typeof compareMoments.reply>> {
  const { from, to, assetId } = wish;
  if (from >= to) throw new ApiError('BAD_REQUEST', 'query.from: the first moment lies before the second');
  const index = await fleetIndex.current(wish.organizationId);
  const isKnown = assetId === undefined && from.getTime() >= index.since;
  const found = isKnown ? changesInFleet(index, wish) : shownGroups([...(await changesByHistories(db, wish)).values()], wish);
  return { from: from.toISOString(), to: to.toISOString(), ...found };
}

interface Found {
  readonly changes: Changes;
  readonly groups: ChangeGroup[];
  /** Groups, those that are not shown too. */
  readonly total: number;
}

/** What the log of the index tells: of a large fleet only the groups that are shown are made. */
export function changesInFleet(index: OrganizationIndex, wish: Omit<Wish, 'organizationId'>): Found {
  const { from, to, groupBy, sort = 'changes', limit, offset = 0 } = wish;
  const stretch = { from: from.getTime(), to: to.getTime() };
  const counts = groupBy === 'asset' ? differenceByAsset(index, stretch) : differenceByCheck(index, stretch);
  const changes = { new: 0, reopened: 0, fixed: 0 };
  const sums = new Float64Array(counts.length / differences.length);
  for (const [kind, name] of differences.entries()) {
    for (let group = 0; group < sums.length; group += 1) {
      const count = counts[group * differences.length + kind] ?? 0;
      changes[name] += count;
      sums[group] = (sums[group] ?? 0) + count;
    }
  }
  const named = groupBy === 'asset' ? namesOfAssets(index) : namesOfChecks(index);
  const fits = fitsSearch(wish);
  const changed = Uint32Array.from(sums.keys()).filter((group) => (sums[group] ?? 0) > 0 && fits(named(group)));
  const kind = differences.findIndex((name) => name === sort);
  const figureOf = (group: number): number => (kind < 0 ? sums[group] : counts[group * differences.length + kind]) ?? 0;
  const shown = firstSorted(
    changed,
    offset + limit,
    turned(wish, (a, b) => {
      const byFigure = sort === 'label' ? 0 : figureOf(b) - figureOf(a);
      return byFigure || compareTexts(named(a).label, named(b).label) || a - b;
    }),
  );
  const groups = shown.slice(offset).map((group) => {
    const [isNew = 0, reopened = 0, fixed = 0] = counts.subarray(group * differences.length);
    return { ...named(group), new: isNew, reopened, fixed };
  });
  return { changes, groups, total: changed.length };
}

function fitsSearch({ search = '' }: Shown): (group: { readonly label: string }) => boolean {
  const wanted = search.trim().toLowerCase();
  return wanted === '' ? () => true : ({ label }) => label.toLowerCase().includes(wanted);
}

function turned<Item>({ direction }: Shown, compare: (a: Item, b: Item) => number): (a: Item, b: Item) => number {
  return direction === 'descending' ? (a, b) => compare(b, a) : compare;
}

function namesOfAssets({ table }: OrganizationIndex) {
  return (asset: number) => {
    const { assetId: key = '', hostname: label = '' } = table.assets[asset] ?? {};
    return { key, label };
  };
}

function namesOfChecks({ book }: OrganizationIndex) {
  return (place: number) => {
    const check = book.checks[place];
    return { key: `${check?.number ?? ''}`, label: check?.name ?? '' };
  };
}

function compareTexts(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** The same of groups that are there already. */
export function shownGroups(all: readonly ChangeGroup[], wish: Shown): Found {
  const { sort = 'changes', limit, offset = 0 } = wish;
  const figureOf = (one: ChangeGroup): number => {
    if (sort === 'label') return 0;
    return sort === 'changes' ? one.new + one.reopened + one.fixed : one[sort];
  };
  const inOrder = turned<ChangeGroup>(wish, (a, b) => figureOf(b) - figureOf(a) || compareTexts(a.label, b.label));
  const groups = all.filter(fitsSearch(wish)).toSorted(inOrder);
  const changes = { new: 0, reopened: 0, fixed: 0 };
  for (const group of all) for (const name of differences) changes[name] += group[name];
  return { changes, groups: groups.slice(offset, offset + limit), total: groups.length };
}

/** Whatever was found at the first moment was found before the second, so that the derivation of the second knows of all. */
export async function changesByHistories(
  db: Kysely<Database>,
  { organizationId, assetId, from, to, groupBy }: Omit<Wish, 'limit'>,
): Promise<Map<string, ChangeGroup>> {
  const scope = { organizationId, assetId };
  const key = groupBy === 'asset' ? sql`detection.asset_id::text` : sql`detection.check_number::text`;
  const { rows } = await sql<ChangeGroup>`
    select key, min(label) as label, count(*) filter (where is_open and intervals = 1)::integer as new,
      count(*) filter (where is_open and intervals > 1)::integer as reopened,
      count(*) filter (where not is_open)::integer as fixed
    from (
      select ${key} as key, detection.open as is_open, detection.intervals,
        ${groupBy === 'asset' ? sql`asset.hostname` : sql`knowledge_check.name`} as label
      from (${derivedDetections({ ...scope, asOf: to })}) as detection
      left join (${derivedDetections({ ...scope, asOf: from })}) as earlier using (asset_id, check_number)
      join asset on asset.organization_id = ${organizationId} and asset.id = detection.asset_id
      ${checkOfDetection}
      where coalesce(earlier.open, false) <> detection.open
    ) as change
    group by key`.execute(db);
  return new Map(rows.map((row) => [row.key, row]));
}
