import { type Kysely, sql } from 'kysely';
import type { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import { derivedDetections } from '../detections/derive.ts';
import { inParts } from '../knowledge/in-parts.ts';
import { CheckDetections } from './check-detections.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Looked up in the histories at a time. */
const pairPart = 500;

/** A check, by its place, on an asset. */
export interface Pair {
  readonly place: number;
  readonly asset: number;
}

/**
 * Takes over where checks had been found and were gone at least once by then: where they are known to have been now, without those that were
 * gone for the first time later. Returns where the index of now no longer tells whether that was ever more than information.
 */
export function copyGone(index: OrganizationIndex, whole: OrganizationIndex, unborn: RoaringBitmap32): Pair[] {
  for (const [place, { wasFixed, doubtful }] of presentOnes(whole)) {
    if (wasFixed.isEmpty) continue;
    const own = (index.checks[place] = new CheckDetections());
    own.wasFixed.orInPlace(wasFixed).andNotInPlace(unborn);
    own.doubtful.orInPlace(doubtful);
  }
  const [first, sure] = [new Map<number, number[]>(), new Map<number, number[]>()];
  const note = (noted: Map<number, number[]>, place: number, assets: Iterable<number>): void => {
    const list = noted.get(place) ?? [];
    if (list.length === 0) noted.set(place, list);
    for (const asset of assets) list.push(asset);
  };
  whole.log.forEach(index.newest, ({ at, place, assets, to, first: isFirst }) => {
    if (at <= index.newest || !index.checks[place]) return;
    const list = typeof assets === 'number' ? [assets] : assets.toUint32Array();
    if (to === 0 && isFirst) note(first, place, list);
    if (to === 2 && whole.book.isMixed(place)) note(sure, place, list);
  });
  for (const [place, assets] of first) index.checks[place]?.wasFixed.removeMany(assets);
  for (const [, { wasFixed, doubtful }] of presentOnes(index)) doubtful.andInPlace(wasFixed);
  return [...sure].flatMap(([place, assets]) => {
    const found = index.checks[place];
    return assets.flatMap((asset) => (found?.wasFixed.has(asset) && !found.doubtful.has(asset) ? [{ place, asset }] : []));
  });
}

function presentOnes({ checks }: OrganizationIndex): [place: number, found: CheckDetections][] {
  return [...checks.entries()].flatMap(([place, found]) => (found ? [[place, found]] : []));
}

/** What was more than information later, and was gone then, has to be looked up in the histories. There is little of it. */
export async function settleDoubts(
  db: Kysely<Database>,
  organizationId: string,
  { index, doubts }: { readonly index: OrganizationIndex; readonly doubts: readonly Pair[] },
): Promise<void> {
  const { book, table, checks, newest: moment } = index;
  const gone = doubts.filter(({ place, asset }) => !checks[place]?.open.has(asset));
  for (const some of inParts(gone, pairPart)) {
    const among = some.map(({ place, asset }) => ({
      assetId: table.assets[asset]?.assetId ?? '',
      check: book.checks[place]?.number ?? 0,
    }));
    const scope = { organizationId, among, asOf: new Date(moment) };
    const { rows } = await sql<{ number: number; check: number }>`
      select asset.number, check_number as "check" from (${derivedDetections(scope)}) as detection
      join asset on asset.organization_id = ${organizationId} and asset.id = asset_id
      where not confirmed`.execute(db);
    for (const { number, check } of rows) checks[book.placeOf(check) ?? -1]?.doubtful.add(table.find(number) ?? -1);
  }
}
