import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState } from './detection-history.ts';

/** Where one check is found in an organization. Bitmaps of assets. */
export class CheckDetections {
  /** Found now. */
  open: RoaringBitmap32;
  /** Of these, found as information only; null where no verdict of the check is. */
  information: RoaringBitmap32 | null;
  /** Found before and gone at least once; those that came back too. */
  readonly wasFixed = new RoaringBitmap32();
  /** Of these, never found as more than information. */
  readonly doubtful = new RoaringBitmap32();

  constructor(open = new RoaringBitmap32(), information: RoaringBitmap32 | null = null) {
    [this.open, this.information] = [open, information];
  }

  stateOf(asset: number): FoundState {
    if (!this.open.has(asset)) return 0;
    return this.information?.has(asset) ? 1 : 2;
  }

  set(asset: number, state: FoundState): void {
    if (state === 0) this.open.delete(asset);
    else this.open.add(asset);
    if (state === 1) (this.information ??= new RoaringBitmap32()).add(asset);
    else this.information?.delete(asset);
  }

  /** How often it is found now, as more than information or as that. */
  count(confirmed: boolean): number {
    const information = this.information?.size ?? 0;
    return confirmed ? this.open.size - information : information;
  }

  dispose(): void {
    for (const bitmap of [this.open, this.information, this.wasFixed, this.doubtful]) bitmap?.dispose();
  }
}
