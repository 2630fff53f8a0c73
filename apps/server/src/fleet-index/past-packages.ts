import { RoaringBitmap32 } from 'roaring-wasm';
import { AssetPackages } from './asset-packages.ts';
import type { BornAssets } from './born-assets.ts';
import { includesSorted, sortedOnce } from './sorted-numbers.ts';
import type { TransitionLog } from './transition-log.ts';

interface Then {
  /** Assets that were there. */
  readonly born: BornAssets;
  /** What came to them and went since, by package version. */
  readonly since: TransitionLog;
}

/** Of a package version, the assets that have it and had not, and those that had it and have not. */
interface Moved {
  readonly without: RoaringBitmap32;
  readonly with: RoaringBitmap32;
}

/**
 * Which asset had which package version at a moment: as it is now, with everything undone where it is asked for. Most of it nobody asks for. It
 * is not written to.
 */
export class PastPackages extends AssetPackages {
  readonly #now: AssetPackages;
  readonly #then: Then;
  readonly #countNow: (id: number) => number;
  /** Package versions that came or went since; by asset, of those that were asked for, ascending. */
  readonly #moving = new Set<number>();
  readonly #moved = new Map<number, Moved>();
  readonly #idsOf = new Map<number, Uint32Array>();
  /** Assets by package version, of those that were asked for. */
  readonly #found = new Map<number, RoaringBitmap32>();
  /** By asset, while one package version is looked at. */
  #sums = new Int8Array(64);

  /** `now`: a copy. Takes over all that it is given. */
  constructor(now: AssetPackages, then: Then) {
    super();
    this.#now = now;
    this.#then = then;
    this.#countNow = now.counterOf(then.born);
    then.since.forEachRun(0, ({ place }) => this.#moving.add(place));
  }

  /** Whether some asset got or lost one of these since. */
  hasMoved(ids: ReadonlySet<number>): boolean {
    for (const id of ids) if (this.#moving.has(id)) return true;
    return false;
  }

  override idsOf(asset: number): Uint32Array {
    const { born, since } = this.#then;
    if (!born.has(asset)) return new Uint32Array(0);
    const known = this.#idsOf.get(asset);
    if (known) return known;
    const sums = new Map<number, number>();
    since.forEach(0, ({ place, assets, to }) => {
      if (assets === asset) sums.set(place, (sums.get(place) ?? 0) + (to === 0 ? -1 : 1));
    });
    const kept = this.#now.idsOf(asset).filter((id) => (sums.get(id) ?? 0) <= 0);
    const ids = sortedOnce([...kept, ...[...sums].flatMap(([id, sum]) => (sum < 0 ? [id] : []))]);
    this.#idsOf.set(asset, ids);
    return ids;
  }

  override has(asset: number, id: number): boolean {
    return includesSorted(this.idsOf(asset), id);
  }

  override assetsWith(id: number): RoaringBitmap32 {
    const known = this.#found.get(id);
    if (known) return known;
    const assets = this.#then.born.among(this.#now.assetsWith(id));
    const moved = this.#movedOf(id);
    if (moved) {
      assets.andNotInPlace(moved.without);
      assets.orInPlace(moved.with);
    }
    this.#found.set(id, assets);
    return assets;
  }

  /** Whatever came went before it came again, so that what is left of all is the difference to now. */
  #movedOf(id: number): Moved | null {
    if (!this.#moving.has(id)) return null;
    const known = this.#moved.get(id);
    if (known) return known;
    const { born, since } = this.#then;
    const assets = new Set<number>();
    since.forEachRunOf(id, 0, (run) => {
      for (let number = run.begin; number < run.end; number += 1) {
        const asset = run.asset(number);
        if (!born.has(asset)) continue;
        if (asset >= this.#sums.length) this.#reserve(asset);
        this.#sums[asset] = (this.#sums[asset] ?? 0) + (run.to(number) === 0 ? -1 : 1);
        assets.add(asset);
      }
    });
    const inOrder = Uint32Array.from(assets).sort();
    const moved = {
      // To take many into a set one by one moves all behind each of them.
      without: new RoaringBitmap32(inOrder.filter((asset) => (this.#sums[asset] ?? 0) > 0)),
      with: new RoaringBitmap32(inOrder.filter((asset) => (this.#sums[asset] ?? 0) < 0)),
    };
    for (const asset of inOrder) this.#sums[asset] = 0;
    this.#moved.set(id, moved);
    return moved;
  }

  override gatherWithAny(ids: readonly number[]): RoaringBitmap32 {
    const all = this.#now.gatherWithAny(ids.filter((id) => !this.#moving.has(id)));
    this.#then.born.narrow(all);
    for (const id of ids) if (this.#moving.has(id)) all.orInPlace(this.assetsWith(id));
    return all;
  }

  override assetsWithAny(ids: Iterable<number>): RoaringBitmap32 {
    return this.gatherWithAny([...ids]);
  }

  override countWithAny(ids: readonly number[]): number {
    const [only] = ids;
    return ids.length === 1 && only !== undefined ? this.#count(only) : super.countWithAny(ids);
  }

  override *packageVersions(): IterableIterator<number> {
    for (const id of this.#now.packageVersions()) if (this.#count(id) > 0) yield id;
    // Of the others those that nobody has any more.
    const now = new Set(this.#now.packageVersions());
    for (const id of this.#moving) if (!now.has(id) && this.#count(id) > 0) yield id;
  }

  #count(id: number): number {
    const moved = this.#movedOf(id);
    return this.#countNow(id) + (moved ? moved.with.size - moved.without.size : 0);
  }

  override copy(): never {
    throw new Error('an index of the past is made from that of now');
  }

  override counterOf(): never {
    return this.copy();
  }

  override put(): never {
    throw new Error('the past is not written to');
  }

  override change(): never {
    return this.put();
  }

  override dispose(): void {
    for (const bitmap of this.#found.values()) bitmap.dispose();
    for (const moved of this.#moved.values()) for (const bitmap of [moved.without, moved.with]) bitmap.dispose();
    this.#then.born.dispose();
    this.#then.since.dispose();
    this.#now.dispose();
  }

  #reserve(asset: number): void {
    const grown = new Int8Array(Math.max(asset + 1, this.#sums.length * 2));
    grown.set(this.#sums);
    this.#sums = grown;
  }
}
