import { RoaringBitmap32 } from 'roaring-wasm';
import { type Part, rankKeys } from './page-in-order.ts';
import type { Selected } from './selection.ts';

/** By place of a check and moment. */
export type AssetsByMoment = Map<number, Map<number, RoaringBitmap32>>;

export function momentOf(logged: AssetsByMoment, place: number, at: number): RoaringBitmap32 {
  const moments = logged.get(place) ?? new Map<number, RoaringBitmap32>();
  logged.set(place, moments);
  return bitmapOf(moments, at);
}

export function bitmapOf(bitmaps: Map<number, RoaringBitmap32>, key: number): RoaringBitmap32 {
  const known = bitmaps.get(key) ?? new RoaringBitmap32();
  bitmaps.set(key, known);
  return known;
}

export function addTo(bitmap: RoaringBitmap32, assets: number | RoaringBitmap32): void {
  if (typeof assets === 'number') bitmap.add(assets);
  else bitmap.orInPlace(assets);
}

/** What is selected, moment by moment. */
export function partsByMoment(logged: AssetsByMoment, selected: Selected): Part[] {
  return Array.from(logged.get(selected.place) ?? [], ([at, found]) => ({
    keys: [at / 1000, ...rankKeys(selected)],
    size: selected.assets.andCardinality(found),
    assets: () => RoaringBitmap32.and(selected.assets, found),
  })).filter(({ size }) => size > 0);
}

export function disposeAll(logged: AssetsByMoment): void {
  for (const moments of logged.values()) for (const bitmap of moments.values()) bitmap.dispose();
}
