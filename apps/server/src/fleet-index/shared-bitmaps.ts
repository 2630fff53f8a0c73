import { RoaringBitmap32 } from 'roaring-wasm';

/**
 * Bitmaps of assets by number. A copy costs next to nothing: each of both takes a bitmap of its own when it changes it. What
 * both had is left to the garbage collector, as neither knows whether the other still has it.
 */
export class SharedBitmaps {
  readonly #bitmaps: Map<number, RoaringBitmap32>;
  /** Numbers of those that another may have, too. */
  readonly #lent: Set<number>;

  constructor(bitmaps: ReadonlyMap<number, RoaringBitmap32> = new Map(), lent: Iterable<number> = []) {
    [this.#bitmaps, this.#lent] = [new Map(bitmaps), new Set(lent)];
  }

  /** Not to be changed. */
  get(number: number): RoaringBitmap32 | undefined {
    return this.#bitmaps.get(number);
  }

  numbers(): IterableIterator<number> {
    return this.#bitmaps.keys();
  }

  /** A bitmap that is its own from then on, in place of what was there. */
  set(number: number, bitmap: RoaringBitmap32): void {
    if (!this.#lent.delete(number)) this.#bitmaps.get(number)?.dispose();
    this.#bitmaps.set(number, bitmap);
  }

  add(number: number, asset: number): void {
    const own = this.#own(number);
    if (own) own.add(asset);
    else this.#bitmaps.set(number, new RoaringBitmap32([asset]));
  }

  /** Takes an asset away, and a bitmap with its last one: then returns true. */
  delete(number: number, asset: number): boolean {
    const own = this.#own(number);
    if (!own) return false;
    own.delete(asset);
    if (!own.isEmpty) return false;
    own.dispose();
    return this.#bitmaps.delete(number);
  }

  copy(): SharedBitmaps {
    for (const number of this.#bitmaps.keys()) this.#lent.add(number);
    return new SharedBitmaps(this.#bitmaps, this.#lent);
  }

  dispose(): void {
    for (const [number, bitmap] of this.#bitmaps) if (!this.#lent.has(number)) bitmap.dispose();
  }

  #own(number: number): RoaringBitmap32 | undefined {
    const known = this.#bitmaps.get(number);
    if (!known || !this.#lent.delete(number)) return known;
    const own = new RoaringBitmap32(known);
    this.#bitmaps.set(number, own);
    return own;
  }
}
