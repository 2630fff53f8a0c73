import { RoaringBitmap32 } from 'roaring-wasm';

/** Numbers of assets are below. */
const maxSize = 2 ** 32;

/**
 * The assets that were there at a moment, to find and count how many of other sets were. Assets come in the order of their numbers, but for a few: so
 * these are the first so many numbers with few exceptions, and counting them costs a rank instead of a comparison of whole sets.
 */
export class BornAssets {
  /** How many there are. */
  readonly size: number;
  readonly #isAll: boolean;
  /** Of the numbers below `size`, those that were not there; of the others, those that were. */
  readonly #missing: RoaringBitmap32;
  readonly #further: RoaringBitmap32;

  /** `assets`: how many there are. */
  constructor(assets: number, wasThere: (asset: number) => boolean) {
    let size = 0;
    for (let asset = 0; asset < assets; asset += 1) if (wasThere(asset)) size += 1;
    const [missing, further]: [number[], number[]] = [[], []];
    for (let asset = 0; asset < assets; asset += 1) {
      const isThere = wasThere(asset);
      if (isThere !== asset < size) (isThere ? further : missing).push(asset);
    }
    this.size = size;
    this.#isAll = size === assets;
    this.#missing = new RoaringBitmap32(missing);
    this.#further = new RoaringBitmap32(further);
  }

  /** How many of these assets were there. */
  count(assets: RoaringBitmap32): number {
    if (this.#isAll) return assets.size;
    const below = this.size === 0 ? 0 : assets.rank(this.size - 1);
    if (this.#missing.isEmpty) return below; // As many as are missing are further.
    return below - assets.andCardinality(this.#missing) + assets.andCardinality(this.#further);
  }

  has(asset: number): boolean {
    return asset < this.size ? !this.#missing.has(asset) : this.#further.has(asset);
  }

  /** A new bitmap of those of these assets that were there; the caller disposes it. To cut it off costs a fraction of comparing sets. */
  among(assets: RoaringBitmap32): RoaringBitmap32 {
    const there = new RoaringBitmap32(assets);
    if (this.#isAll) return there;
    there.removeRange(this.size, maxSize);
    this.#correct(assets, there, { without: this.#missing, with: this.#further });
    return there;
  }

  /** The same of those that were not there. */
  others(assets: RoaringBitmap32): RoaringBitmap32 {
    if (this.#isAll) return new RoaringBitmap32();
    const others = new RoaringBitmap32(assets);
    others.removeRange(0, this.size);
    this.#correct(assets, others, { without: this.#further, with: this.#missing });
    return others;
  }

  #correct(
    assets: RoaringBitmap32,
    part: RoaringBitmap32,
    exceptions: { readonly without: RoaringBitmap32; readonly with: RoaringBitmap32 },
  ): void {
    if (this.#missing.isEmpty) return; // As many as are missing are further.
    part.andNotInPlace(exceptions.without);
    const more = RoaringBitmap32.and(assets, exceptions.with);
    part.orInPlace(more);
    more.dispose();
  }

  dispose(): void {
    this.#missing.dispose();
    this.#further.dispose();
  }
}
