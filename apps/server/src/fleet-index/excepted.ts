import type { RoaringBitmap32 } from 'roaring-wasm';

/** Open detections that exceptions cover: bitmaps of assets by the check's place, and how many each asset has by severity. */
export interface Excepted {
  readonly byPlace: ReadonlyMap<number, RoaringBitmap32>;
  /** The same for each exception that covers, by its id. */
  readonly byException: ReadonlyMap<string, ReadonlyMap<number, RoaringBitmap32>>;
  /** As AssetTable counts; null for none. */
  readonly counts: Int32Array | null;
}

export const nothingExcepted: Excepted = { byPlace: new Map(), byException: new Map(), counts: null };

/** Which open detections are wanted: those that no exception covers, those alone that one does, or all. */
export type ExceptionFilter = 'without' | 'only' | 'with';

/** Leaves in `assets`, on which the check is open, what the filter wants. */
export function narrowToException(
  { byPlace }: Excepted,
  place: number,
  { assets, filter }: { readonly assets: RoaringBitmap32; readonly filter: ExceptionFilter | undefined },
): void {
  if (filter === 'with') return;
  const covered = byPlace.get(place);
  if (filter === 'only') {
    if (covered) assets.andInPlace(covered);
    else assets.clear();
  } else if (covered) assets.andNotInPlace(covered);
}
