import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState } from './detection-history.ts';

/** Bitmaps of assets. */
export interface Found {
  readonly open: RoaringBitmap32;
  /** Of these, found as information only; null where no verdict of the check is. */
  readonly information: RoaringBitmap32 | null;
}

export interface Gone {
  /** Found before and gone at least once; those that came back too. */
  readonly wasFixed: RoaringBitmap32;
  /** Of these, never found as more than information. */
  readonly doubtful: RoaringBitmap32;
}

/** Nowhere. Shared by what is never written to: not to be changed, and nobody's to dispose. */
export const nothingGone: Gone = { wasFixed: new RoaringBitmap32(), doubtful: new RoaringBitmap32() };

/** Where one check is found in an organization. Bitmaps of assets. */
export class CheckDetections {
  #found: Found | (() => Found);
  #gone: Gone | (() => Gone);
  /** Whether another has the bitmaps of what is found, or of what is gone, too. */
  #isLent = false;
  #isGoneLent = false;

  /** `found`: where it is found now, and `gone`: where it was, or what tells it when it is asked for. */
  constructor(
    found: Found | (() => Found) = { open: new RoaringBitmap32(), information: null },
    gone: Gone | (() => Gone) = { wasFixed: new RoaringBitmap32(), doubtful: new RoaringBitmap32() },
  ) {
    [this.#found, this.#gone] = [found, gone];
  }

  get open(): RoaringBitmap32 {
    return this.#now.open;
  }

  get information(): RoaringBitmap32 | null {
    return this.#now.information;
  }

  /** Not to be changed. */
  get wasFixed(): RoaringBitmap32 {
    return this.#before.wasFixed;
  }

  /** Not to be changed. */
  get doubtful(): RoaringBitmap32 {
    return this.#before.doubtful;
  }

  get #before(): Gone {
    if (typeof this.#gone === 'function') this.#gone = this.#gone();
    return this.#gone;
  }

  get #now(): Found {
    if (typeof this.#found === 'function') this.#found = this.#found();
    return this.#found;
  }

  stateOf(asset: number): FoundState {
    if (!this.open.has(asset)) return 0;
    return this.information?.has(asset) ? 1 : 2;
  }

  set(asset: number, state: FoundState): void {
    if (this.stateOf(asset) === state) return;
    this.#takeOwn();
    if (state === 1 && !this.information) this.#found = { open: this.open, information: new RoaringBitmap32() };
    if (state === 0) this.open.delete(asset);
    else this.open.add(asset);
    if (state === 1) this.information?.add(asset);
    else this.information?.delete(asset);
  }

  /** Takes over where it is found from now on. */
  replace(found: Found): void {
    this.#disposeFound();
    [this.#found, this.#isLent] = [found, false];
  }

  /** Where it is found now, to be kept whatever becomes of it here; not to be changed. */
  lend(): Found {
    this.#isLent = true;
    return this.#now;
  }

  /** Where it was found and is gone or was, to be kept whatever becomes of it here; not to be changed. */
  lendGone(): Gone {
    this.#isGoneLent = true;
    return this.#before;
  }

  /** The same, to be changed. */
  ownGone(): Gone {
    const { wasFixed, doubtful } = this.#before;
    if (!this.#isGoneLent) return this.#before;
    this.#isGoneLent = false;
    return (this.#gone = { wasFixed: new RoaringBitmap32(wasFixed), doubtful: new RoaringBitmap32(doubtful) });
  }

  /** How often it is found now, as more than information or as that. */
  count(confirmed: boolean): number {
    const information = this.information?.size ?? 0;
    return confirmed ? this.open.size - information : information;
  }

  dispose(): void {
    this.#disposeFound();
    if (this.#isGoneLent || typeof this.#gone === 'function' || this.#gone === nothingGone) return;
    for (const bitmap of [this.#gone.wasFixed, this.#gone.doubtful]) bitmap.dispose();
  }

  #takeOwn(): void {
    if (!this.#isLent) return;
    const { open, information } = this.#now;
    this.#found = { open: new RoaringBitmap32(open), information: information && new RoaringBitmap32(information) };
    this.#isLent = false;
  }

  /** What another has, too, is left to the garbage collector. */
  #disposeFound(): void {
    if (this.#isLent || typeof this.#found === 'function') return;
    this.#found.open.dispose();
    this.#found.information?.dispose();
  }
}
