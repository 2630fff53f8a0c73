import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import { derivedDetections } from '../detections/derive.ts';
import { inParts } from '../knowledge/in-parts.ts';
import type { BornAssets } from './born-assets.ts';
import type { Gone } from './check-detections.ts';
import { gatherAssets } from './gather-assets.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Looked up in the histories at a time. */
const pairPart = 500;

/** A check, by its place, on an asset. */
export interface Pair {
  readonly place: number;
  readonly asset: number;
}

/**
 * Where checks had been found and were gone at least once by then, by their places: where they are known to have been now, without those that
 * were gone for the first time later. And where the index of now no longer tells whether that was ever more than information.
 */
export function goneBy(
  whole: OrganizationIndex,
  moment: number,
  born: BornAssets,
): { readonly gone: Map<number, Gone>; readonly doubts: Pair[] } {
  const gone = new Map<number, Gone>();
  for (const [place, found] of whole.checks.entries()) {
    if (!found || found.wasFixed.isEmpty) continue;
    const wasFixed = born.among(found.wasFixed);
    gone.set(place, { wasFixed, doubtful: new RoaringBitmap32(found.doubtful) });
  }
  const first = gatherAssets(whole.log, moment + 1, (run, number) => run.to(number) === 0 && run.isFirst(number));
  const sure = gatherAssets(whole.log, moment + 1, (run, number) => run.to(number) === 2 && whole.book.isMixed(run.place));
  for (const [place, { wasFixed }] of gone) wasFixed.removeMany(first(place));
  const manySure: { readonly place: number; readonly assets: Uint32Array }[] = [];
  whole.log.forEachMany(moment + 1, ({ place, assets, to, first: isFirst }) => {
    if (to === 0 && isFirst) gone.get(place)?.wasFixed.andNotInPlace(assets);
    if (to === 2 && gone.has(place) && whole.book.isMixed(place)) manySure.push({ place, assets: assets.toUint32Array() });
  });
  for (const { wasFixed, doubtful } of gone.values()) doubtful.andInPlace(wasFixed);
  const allSure = [...Array.from(gone.keys(), (place) => ({ place, assets: sure(place) })), ...manySure];
  const doubts = allSure.flatMap(({ place, assets }) => {
    const found = gone.get(place);
    return Array.from(assets).flatMap((asset) =>
      found?.wasFixed.has(asset) && !found.doubtful.has(asset) ? [{ place, asset }] : [],
    );
  });
  return { gone, doubts };
}

/** What was more than information later, and was gone then, has to be looked up in the histories. There is little of it. */
export async function settleDoubts(
  db: Kysely<Database>,
  organizationId: string,
  { index, doubts }: { readonly index: OrganizationIndex; readonly doubts: readonly Pair[] },
): Promise<void> {
  const { book, table, checks, newest: moment } = index;
  const notOpen = doubts.filter(({ place, asset }) => !checks[place]?.open.has(asset));
  for (const some of inParts(notOpen, pairPart)) {
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
