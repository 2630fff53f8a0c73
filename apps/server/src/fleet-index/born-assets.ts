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

  /** `births`: by asset, in ms since 1970; `first`: who has an earlier one was not there either. */
  constructor(births: Float64Array, moment: number, first = Number.NEGATIVE_INFINITY) {
    let size = 0;
    for (const birth of births) if (birth <= moment && birth >= first) size += 1;
    const [missing, further]: [number[], number[]] = [[], []];
    for (let asset = 0; asset < births.length; asset += 1) {
      const birth = births[asset] ?? 0;
      const wasThere = birth <= moment && birth >= first;
      if (wasThere !== asset < size) (wasThere ? further : missing).push(asset);
    }
    this.size = size;
    this.#isAll = size === births.length;
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

  /** A new bitmap of those of these assets that were there; the caller disposes it. */
  among(assets: RoaringBitmap32): RoaringBitmap32 {
    const there = new RoaringBitmap32(assets);
    this.narrow(there);
    return there;
  }

  /** Leaves those of these assets that were there. To cut the others off costs a fraction of comparing sets. */
  narrow(assets: RoaringBitmap32): void {
    if (this.#isAll) return;
    cutOff(assets, [this.size, maxSize], { without: this.#missing, with: this.#further });
  }

  /** A new bitmap of those that were not there. */
  others(assets: RoaringBitmap32): RoaringBitmap32 {
    if (this.#isAll) return new RoaringBitmap32();
    const others = new RoaringBitmap32(assets);
    cutOff(others, [0, this.size], { without: this.#further, with: this.#missing });
    return others;
  }

  dispose(): void {
    this.#missing.dispose();
    this.#further.dispose();
  }
}

interface Exceptions {
  readonly without: RoaringBitmap32;
  readonly with: RoaringBitmap32;
}

/** Removes a range, but of that not `with`, and of the rest `without`, which are as many. */
function cutOff(assets: RoaringBitmap32, [begin, end]: readonly [begin: number, end: number], but: Exceptions): void {
  const kept = but.with.isEmpty ? null : RoaringBitmap32.and(assets, but.with);
  assets.removeRange(begin, end);
  if (!kept) return;
  assets.andNotInPlace(but.without);
  assets.orInPlace(kept);
  kept.dispose();
}
