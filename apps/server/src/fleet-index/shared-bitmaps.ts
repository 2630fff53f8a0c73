import { RoaringBitmap32 } from 'roaring-wasm';
import { CopyOnWrite } from './copy-on-write.ts';
import { Lending } from './lending.ts';

/**
 * Bitmaps of assets by number. A copy costs next to nothing: each of both takes a bitmap of its own when it changes it.
 */
export class SharedBitmaps {
  #bitmaps = new CopyOnWrite(new Map<number, RoaringBitmap32>(), (bitmaps) => new Map(bitmaps));
  /** Of single bitmaps. */
  readonly #lending = new Lending<number>();

  /** Not to be changed. */
  get(number: number): RoaringBitmap32 | undefined {
    return this.#bitmaps.value.get(number);
  }

  numbers(): IterableIterator<number> {
    return this.#bitmaps.value.keys();
  }

  /** A bitmap that is its own from then on, in place of what was there. */
  set(number: number, bitmap: RoaringBitmap32): void {
    if (this.#lending.isOwn(number)) this.get(number)?.dispose();
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
    return this.#bitmaps.own.delete(number);
  }

  copy(): SharedBitmaps {
    const copy = new SharedBitmaps();
    copy.#bitmaps = this.#bitmaps.copy();
    this.#lending.lend();
    copy.#lending.lend();
    return copy;
  }

  dispose(): void {
    for (const [number, bitmap] of this.#bitmaps.value) if (this.#lending.isOwn(number)) bitmap.dispose();
  }

  #own(number: number): RoaringBitmap32 | undefined {
    const known = this.get(number);
    return !known || this.#lending.isOwn(number) ? known : this.#put(number, new RoaringBitmap32(known));
  }

  #put(number: number, bitmap: RoaringBitmap32): RoaringBitmap32 {
    this.#lending.take(number);
    this.#bitmaps.own.set(number, bitmap);
    return bitmap;
  }
}
