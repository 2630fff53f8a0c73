import type { RoaringBitmap32 } from 'roaring-wasm';
import type { AssetTable } from './asset-table.ts';

/** Some of a set of assets in the order in which the database counts them. */
export interface AssetPart {
  /** Only assets with larger numbers; in turned order, with smaller ones. */
  readonly behind: number | null;
  /** So many of them are left out. */
  readonly left: number;
  readonly limit: number;
  /** The largest number first. */
  readonly isTurned?: boolean;
}

export interface FoundAssets {
  /** Dense numbers. */
  readonly found: Iterable<number>;
  /** How many there are behind the place, those that are left out too. */
  readonly behind: number;
}

/** Reads no more of a large set than is wanted, where dense numbers are in order. */
export function assetsInOrder(table: AssetTable, assets: RoaringBitmap32, part: AssetPart): FoundAssets {
  return table.isInNumberOrder ? inDenseOrder(table, assets, part) : inNumberOrder(table, assets, part);
}

function inDenseOrder(
  table: AssetTable,
  assets: RoaringBitmap32,
  { behind, left, limit, isTurned = false }: AssetPart,
): FoundAssets {
  if (isTurned) {
    const all = behind === null ? assets.size : countBelow(assets, firstFrom(table, behind));
    const end = Math.max(0, all - left);
    return { found: assets.sliceUint32Array(Math.max(0, end - limit), end).toReversed(), behind: all };
  }
  const before = behind === null ? 0 : countBelow(assets, firstFrom(table, behind + 1));
  return { found: assets.sliceUint32Array(before + left, before + left + limit), behind: assets.size - before };
}

function countBelow(assets: RoaringBitmap32, dense: number): number {
  return dense === 0 ? 0 : assets.rank(dense - 1);
}

/** The first dense number of an asset with this number or a larger one. */
function firstFrom({ assets }: AssetTable, number: number): number {
  let [low, high] = [0, assets.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((assets[middle]?.number ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Assets that enrolled at the same time may have come to this process in another order than they were counted in. */
function inNumberOrder(
  { assets: all }: AssetTable,
  assets: RoaringBitmap32,
  { behind, left, limit, isTurned = false }: AssetPart,
): FoundAssets {
  const direction = isTurned ? -1 : 1;
  const number = (dense: number): number => direction * (all[dense]?.number ?? 0);
  const wanted = assets.toArray().filter((dense) => behind === null || number(dense) > direction * behind);
  return { found: wanted.toSorted((a, b) => number(a) - number(b)).slice(left, left + limit), behind: wanted.length };
}
