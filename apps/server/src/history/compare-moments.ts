import type { ChangeGroup, Changes, compareMoments } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, derivedDetections } from '../detections/derive.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { PastMoment } from '../fleet-index/past-moment.ts';
import { ApiError } from '../http/api-error.ts';

interface Wish {
  readonly organizationId: string;
  readonly from: Date;
  readonly to: Date;
  readonly groupBy: 'asset' | 'check';
  readonly assetId?: string | undefined;
  readonly limit: number;
}

/**
 * What became of detections between two moments. From the index where it looks back so far, otherwise from the histories. Throws ApiError
 * BAD_REQUEST for moments in the wrong order, UNAVAILABLE while the index is being built.
 */
export async function findChanges(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  wish: Wish,
): Promise<z.input<typeof compareMoments.reply>> {
  const { from, to, assetId, limit } = wish;
  if (from >= to) throw new ApiError('BAD_REQUEST', 'query.from: the first moment lies before the second');
  const index = await fleetIndex.current(wish.organizationId);
  const all =
    assetId === undefined && from.getTime() >= index.since ? changesInFleet(index, wish) : await changesByHistories(db, wish);
  const groups = [...all.values()].toSorted((a, b) => sum(b) - sum(a) || (a.label < b.label ? -1 : 1));
  const changes = { new: 0, reopened: 0, fixed: 0 };
  for (const group of groups) {
    changes.new += group.new;
    changes.reopened += group.reopened;
    changes.fixed += group.fixed;
  }
  return { from: from.toISOString(), to: to.toISOString(), changes, groups: groups.slice(0, limit), total: groups.length };
}

function sum(one: Changes): number {
  return one.new + one.reopened + one.fixed;
}

type Groups = Map<string, ChangeGroup>;

function groupOf(groups: Groups, key: string, label: string): ChangeGroup {
  const known = groups.get(key) ?? { key, label, new: 0, reopened: 0, fixed: 0 };
  groups.set(key, known);
  return known;
}

/** Check by check: where it was found then and is not now, and the other way round. */
export function changesInFleet(index: OrganizationIndex, { from, to, groupBy }: Pick<Wish, 'from' | 'to' | 'groupBy'>): Groups {
  const groups: Groups = new Map();
  const [before, after] = [new PastMoment(index, from.getTime()), new PastMoment(index, to.getTime())];
  const again = foundAgain(index, from.getTime(), to.getTime());
  for (const [place, check] of index.book.checks.entries()) {
    if (!index.checks[place]) continue;
    const [was, is] = [before.found(place), after.found(place)];
    const changed = changedAssets(was?.open ?? none, is?.open ?? none, again.get(place) ?? none);
    for (const kind of kinds) {
      const assets = changed[kind];
      if (groupBy === 'asset') countAssets(groups, index, { kind, assets });
      else if (!assets.isEmpty) groupOf(groups, `${check.number}`, check.name)[kind] += assets.size;
    }
    for (const bitmap of [...Object.values(changed), was?.open, was?.information, is?.open, is?.information]) bitmap?.dispose();
  }
  for (const bitmap of again.values()) bitmap.dispose();
  before.dispose();
  after.dispose();
  return groups;
}

const none = new RoaringBitmap32();
const kinds = ['new', 'reopened', 'fixed'] as const;

/** New bitmaps, which the caller disposes. */
function changedAssets(
  was: RoaringBitmap32,
  is: RoaringBitmap32,
  again: RoaringBitmap32,
): Record<keyof Changes, RoaringBitmap32> {
  const came = RoaringBitmap32.andNot(is, was);
  const reopened = RoaringBitmap32.and(came, again);
  came.andNotInPlace(reopened);
  return { new: came, reopened, fixed: RoaringBitmap32.andNot(was, is) };
}

function countAssets(
  groups: Groups,
  { table }: OrganizationIndex,
  { kind, assets }: { kind: keyof Changes; assets: RoaringBitmap32 },
): void {
  for (const dense of assets.toUint32Array()) {
    const asset = table.assets[dense];
    if (asset) groupOf(groups, asset.assetId, asset.hostname)[kind] += 1;
  }
}

/** By the check's place: assets on which it was found again, not for the first time, after one moment and until another. */
function foundAgain(index: OrganizationIndex, from: number, to: number): Map<number, RoaringBitmap32> {
  const again = new Map<number, RoaringBitmap32>();
  index.log.forEach(from, ({ at, place, assets, from: state, first }) => {
    if (at <= from || at > to || state !== 0 || first) return;
    const known = again.get(place) ?? new RoaringBitmap32();
    again.set(place, known);
    if (typeof assets === 'number') known.add(assets);
    else known.orInPlace(assets);
  });
  return again;
}

/** Whatever was found at the first moment was found before the second, so that the derivation of the second knows of all. */
export async function changesByHistories(
  db: Kysely<Database>,
  { organizationId, assetId, from, to, groupBy }: Omit<Wish, 'limit'>,
): Promise<Groups> {
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
