import { RoaringBitmap32 } from 'roaring-wasm';
import { AssetPackages } from './asset-packages.ts';
import type { BornAssets } from './born-assets.ts';
import type { ChangesSince } from './read-changes-since.ts';
import { sortedOnce } from './sorted-numbers.ts';

/** What was otherwise. */
interface Then {
  /** Assets that were there; it is taken over. */
  readonly born: BornAssets;
  /** Of these, by their dense numbers. */
  readonly changes: ReadonlyMap<number, Pick<ChangesSince, 'came' | 'went'>>;
}

/** Assets that did not have a package version then, and those that had. */
interface Moved {
  readonly without: number[];
  readonly with: number[];
}

/**
 * Which asset had which package version at a moment: as it is now, with everything undone where it is asked for. Most of it nobody asks for. It
 * is not written to.
 */
export class PastPackages extends AssetPackages {
  readonly #now: AssetPackages;
  readonly #changes: Then['changes'];
  readonly #moved = new Map<number, Moved>();
  /** Assets by package version, where they are others than now and were asked for. */
  readonly #found = new Map<number, RoaringBitmap32>();
  readonly #born: BornAssets;
  readonly #countNow: (id: number) => number;

  /** `now`: a copy, which is taken over. */
  constructor(now: AssetPackages, { born, changes }: Then) {
    super();
    this.#now = now;
    this.#countNow = now.counterOf(born);
    [this.#born, this.#changes] = [born, changes];
    for (const [asset, { came, went }] of changes) {
      for (const id of came) this.#movedOf(id).without.push(asset);
      for (const id of went) this.#movedOf(id).with.push(asset);
    }
  }

  #movedOf(id: number): Moved {
    const known = this.#moved.get(id);
    if (known) return known;
    const moved = { without: [], with: [] };
    this.#moved.set(id, moved);
    return moved;
  }

  /** Whether an asset that was there has, or had, one of these and not both. */
  hasMoved(ids: ReadonlySet<number>): boolean {
    for (const id of ids) if (this.#moved.has(id)) return true;
    return false;
  }

  override idsOf(asset: number): Uint32Array {
    if (!this.#born.has(asset)) return new Uint32Array(0);
    const { came, went } = this.#changes.get(asset) ?? unchanged;
    const ids = this.#now.idsOf(asset);
    return came.length + went.length === 0 ? ids : sortedOnce([...ids.filter((id) => !came.includes(id)), ...went]);
  }

  override has(asset: number, id: number): boolean {
    if (!this.#born.has(asset)) return false;
    const { came, went } = this.#changes.get(asset) ?? unchanged;
    return went.includes(id) || (this.#now.has(asset, id) && !came.includes(id));
  }

  override assetsWith(id: number): RoaringBitmap32 {
    const moved = this.#moved.get(id);
    const known = this.#found.get(id);
    if (known) return known;
    const assets = this.#born.among(this.#now.assetsWith(id));
    if (moved) {
      assets.removeMany(moved.without);
      assets.addMany(moved.with);
    }
    this.#found.set(id, assets);
    return assets;
  }

  override gatherWithAny(ids: readonly number[]): RoaringBitmap32 {
    const now = this.#now.gatherWithAny(ids.filter((id) => !this.#moved.has(id)));
    const all = this.#born.among(now);
    now.dispose();
    for (const id of ids) if (this.#moved.has(id)) all.orInPlace(this.assetsWith(id));
    return all;
  }

  override countWithAny(ids: readonly number[]): number {
    const [only] = ids;
    return ids.length === 1 && only !== undefined ? this.#count(only) : super.countWithAny(ids);
  }

  override *packageVersions(): IterableIterator<number> {
    for (const id of this.#now.packageVersions()) if (this.#count(id) > 0) yield id;
    // Of the others those that nobody has any more.
    const now = new Set(this.#now.packageVersions());
    for (const id of this.#moved.keys()) if (!now.has(id) && this.#count(id) > 0) yield id;
  }

  #count(id: number): number {
    return this.#moved.has(id) ? this.assetsWith(id).size : this.#countNow(id);
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
    this.#born.dispose();
    this.#now.dispose();
  }
}

const unchanged = { came: [], went: [] } as const;
