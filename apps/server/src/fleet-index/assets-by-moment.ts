import { RoaringBitmap32 } from 'roaring-wasm';

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

export function disposeAll(logged: AssetsByMoment): void {
  for (const moments of logged.values()) for (const bitmap of moments.values()) bitmap.dispose();
}
