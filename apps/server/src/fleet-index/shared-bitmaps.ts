import { RoaringBitmap32 } from 'roaring-wasm';
import { Lending } from './lending.ts';

/**
 * Bitmaps of assets by number. A copy costs next to nothing: each of both takes a bitmap of its own when it changes it.
 */
export class SharedBitmaps {
  readonly #bitmaps: Map<number, RoaringBitmap32>;
  readonly #lending = new Lending<number>();

  constructor(bitmaps: ReadonlyMap<number, RoaringBitmap32> = new Map()) {
    this.#bitmaps = new Map(bitmaps);
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
    if (this.#lending.isOwn(number)) this.#bitmaps.get(number)?.dispose();
    this.#put(number, bitmap);
  }

  add(number: number, asset: number): void {
    const own = this.#own(number);
    if (own) own.add(asset);
    else this.#put(number, new RoaringBitmap32([asset]));
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
    const copy = new SharedBitmaps(this.#bitmaps);
    this.#lending.lend();
    copy.#lending.lend();
    return copy;
  }

  dispose(): void {
    for (const [number, bitmap] of this.#bitmaps) if (this.#lending.isOwn(number)) bitmap.dispose();
  }

  #own(number: number): RoaringBitmap32 | undefined {
    const known = this.#bitmaps.get(number);
    return !known || this.#lending.isOwn(number) ? known : this.#put(number, new RoaringBitmap32(known));
  }

  #put(number: number, bitmap: RoaringBitmap32): RoaringBitmap32 {
    this.#lending.take(number);
    this.#bitmaps.set(number, bitmap);
    return bitmap;
  }
}
