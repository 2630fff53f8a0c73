import { RoaringBitmap32 } from 'roaring-wasm';
import { narrowToException } from './excepted.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Assets that have one of these package versions; the bitmap stays the callee's. */
export type AssetsWith = (packageVersions: Iterable<number>) => RoaringBitmap32;

/**
 * The assets on which a check, by its place, is no longer open once these of its package versions are gone: where no other one makes it
 * true, and no exception covers it. This is what "removes" means wherever an upgrade is said to remove detections. The caller disposes
 * of the bitmap.
 */
export function goneWithout(
  index: OrganizationIndex,
  place: number,
  own: ReadonlySet<number>,
  assetsWith: AssetsWith,
): RoaringBitmap32 {
  const gone = new RoaringBitmap32(assetsWith(own));
  const others = [...index.book.packagesOf(place)].filter((id) => !own.has(id));
  if (others.length > 0) gone.andNotInPlace(assetsWith(others));
  narrowToException(index.excepted, place, { assets: gone, filter: 'without' });
  return gone;
}

/** The severity of a check on these assets: where it is information, that of information. */
export function severityOn(index: OrganizationIndex, place: number, assets: RoaringBitmap32): number {
  const information = index.checks[place]?.information;
  const isSure = !information || assets.andNotCardinality(information) > 0;
  return isSure ? (index.book.checks[place]?.severity ?? 1) : 1;
}
