import type { RoaringBitmap32 } from 'roaring-wasm';
import type { RankedCheck } from './verdict-book.ts';

/** Detections of one check, with the severity that counts. */
export interface Selected extends RankedCheck {
  /** On how many assets. */
  readonly size: number;
  /** In what one question visits, those with the same number are on the same assets; null where that is not known. */
  readonly likeness: number | null;
  /** Not the visitor's: it may be disposed after the visit, or belong to the index. Made when first asked for. */
  readonly assets: RoaringBitmap32;
}

/** Of tens of thousands of checks most are only counted: bitmaps are made of those that a page shows. */
export class Selection implements Selected {
  readonly place: number;
  readonly check: RankedCheck['check'];
  readonly confirmed: boolean;
  readonly severity: number;
  readonly size: number;
  readonly likeness: number | null;
  readonly #make: () => RoaringBitmap32;
  #assets: RoaringBitmap32 | null = null;

  constructor(
    { place, check, confirmed, severity }: RankedCheck,
    { size, likeness }: { readonly size: number; readonly likeness: number | null },
    make: () => RoaringBitmap32,
  ) {
    this.place = place;
    this.check = check;
    this.confirmed = confirmed;
    this.severity = severity;
    this.size = size;
    this.likeness = likeness;
    this.#make = make;
  }

  get assets(): RoaringBitmap32 {
    this.#assets ??= this.#make();
    return this.#assets;
  }

  /** Of the assets, if they were made. */
  dispose(): void {
    this.#assets?.dispose();
  }
}
