import { RoaringBitmap32 } from 'roaring-wasm';
import type { BornAssets } from './born-assets.ts';
import { CopyOnWrite } from './copy-on-write.ts';
import { DifferenceStore } from './difference-store.ts';
import { SharedBitmaps } from './shared-bitmaps.ts';
import { unite } from './unite.ts';
import { applyDifference, differences, includesSorted } from './sorted-numbers.ts';

/** An asset that differs from every base by more than this share of its packages becomes a base itself. */
const newBaseShare = 0.25;
/** Beyond so many bases an asset takes the nearest, however far that is. */
const maxBases = 4096;
/** So many of an asset's packages are looked at to find bases near it; the nearest few of these are compared in full. */
const samples = 32;
const candidates = 3;

/**
 * Which asset has which package version: for each asset a base (the packages of one image at one patch level, say) and a short difference to
 * it, for each package version the bases that hold it and the assets that differ in it. What an image's assets share is so kept, and judged, once. Assets and package versions are
 * numbers; a package version is on an asset or not, however many collectors report it.
 */
export class AssetPackages {
  /** Package versions of each base, ascending. */
  #bases = new CopyOnWrite<(Uint32Array | undefined)[]>([], (bases) => [...bases]);
  #freeBases = new CopyOnWrite<number[]>([], (bases) => [...bases]);
  #baseOf = new CopyOnWrite(new Int32Array(64).fill(-1), (bases) => bases.slice());
  /** Assets by their base. */
  #assetsOn = new SharedBitmaps();
  #basesWith = new CopyOnWrite(new Map<number, number[]>(), (all) => new Map(Array.from(all, ([id, bases]) => [id, [...bases]])));
  #added = new SharedBitmaps();
  #removed = new SharedBitmaps();
  #differences = new DifferenceStore();
  /** Assets by package version, for those that were asked for: the ones that verdicts speak of. */
  #known = new SharedBitmaps();
  /** How many assets are on each base, once it was asked for since any came or went. */
  readonly #sizes: number[] = [];
  /** Room for counting how much bases share with an asset. */
  #hits = new Uint16Array(64);

  get bases(): number {
    return this.#bases.value.length - this.#freeBases.value.length;
  }

  /** Numbers of the package versions of an asset, ascending. */
  idsOf(asset: number): Uint32Array {
    const base = this.#baseAt(asset);
    return base ? applyDifference(base, this.#differences.added(asset), this.#differences.removed(asset)) : nothing;
  }

  #basesOf(id: number): readonly number[] {
    return this.#basesWith.value.get(id) ?? [];
  }

  #baseAt(asset: number): Uint32Array | undefined {
    return this.#bases.value[this.#baseOf.value[asset] ?? -1];
  }

  /** Sets all package versions of an asset, whatever it had before. `ids` ascending, each once. */
  put(asset: number, ids: Uint32Array): void {
    this.#reserve(asset);
    for (const id of this.idsOf(asset)) this.#known.delete(id, asset);
    for (const id of ids) if (this.#known.get(id)) this.#known.add(id, asset);
    this.#place(asset, ids);
  }

  #place(asset: number, ids: Uint32Array): void {
    this.#clear(asset);
    this.#sizes.length = 0;
    if (ids.length === 0) return;
    const number = this.#nearestBase(ids) ?? this.#newBase(ids);
    const base = this.#bases.value[number];
    if (!base) throw new Error(`there is no base ${number}`);
    this.#assetsOn.add(number, asset);
    this.#baseOf.own[asset] = number;
    const { onlyOne: removed, onlyOther: added } = differences(base, ids);
    for (const id of added) this.#added.add(id, asset);
    for (const id of removed) this.#removed.add(id, asset);
    this.#differences.set(asset, added, removed);
  }

  /** Takes some away and adds others. What is there already, or not there, stays as it is. */
  change(asset: number, added: Iterable<number>, removed: Iterable<number>): void {
    this.#reserve(asset);
    const base = this.#baseAt(asset);
    if (!base) return this.put(asset, Uint32Array.from(new Set(added)).sort());
    const more = new Set(this.#differences.added(asset));
    const less = new Set(this.#differences.removed(asset));
    for (const id of removed) {
      this.#known.delete(id, asset);
      if (more.delete(id)) this.#added.delete(id, asset);
      else if (includesSorted(base, id) && !less.has(id)) {
        less.add(id);
        this.#removed.add(id, asset);
      }
    }
    for (const id of added) {
      if (this.#known.get(id)) this.#known.add(id, asset);
      if (less.delete(id)) this.#removed.delete(id, asset);
      else if (!includesSorted(base, id) && !more.has(id)) {
        more.add(id);
        this.#added.add(id, asset);
      }
    }
    this.#differences.set(asset, Uint32Array.from(more).sort(), Uint32Array.from(less).sort());
    // Far from its base, an asset costs more than a base of its own.
    if (more.size + less.size > 2 * newBaseShare * base.length + samples) this.#place(asset, this.idsOf(asset));
  }

  has(asset: number, id: number): boolean {
    const base = this.#baseAt(asset);
    if (!base) return false;
    return this.#added.get(id)?.has(asset) === true || (includesSorted(base, id) && !this.#removed.get(id)?.has(asset));
  }

  /** The assets that have this; kept up to date, and not the caller's. From the first question on it takes memory of its own. */
  assetsWith(id: number): RoaringBitmap32 {
    const known = this.#known.get(id);
    if (known) return known;
    const assets = this.#gather(id);
    this.#known.set(id, assets);
    return assets;
  }

  #gather(id: number): RoaringBitmap32 {
    const assets = unite(this.#basesOf(id).flatMap((number) => this.#assetsOn.get(number) ?? []));
    const [removed, added] = [this.#removed.get(id), this.#added.get(id)];
    if (removed) assets.andNotInPlace(removed);
    if (added) assets.orInPlace(added);
    return assets;
  }

  /** How many assets have one of these. Unlike assetsWith it remembers nothing: for questions about every package there is. */
  countWithAny(ids: readonly number[]): number {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) return this.#count(only);
    const all = this.gatherWithAny(ids);
    const count = all.size;
    all.dispose();
    return count;
  }

  /** A new bitmap of the assets that have one of these, which the caller disposes. Remembers nothing. */
  gatherWithAny(ids: readonly number[]): RoaringBitmap32 {
    let all: RoaringBitmap32 | null = null;
    for (const id of ids) {
      const known = this.#known.get(id);
      const assets = known ?? this.#gather(id);
      if (!all) all = known ? new RoaringBitmap32(known) : assets;
      else {
        all.orInPlace(assets);
        if (!known) assets.dispose();
      }
    }
    return all ?? new RoaringBitmap32();
  }

  /** An asset has one base, and differs from it by what it has not or has alone. */
  #count(id: number): number {
    const inBases = this.#basesOf(id).reduce((sum, number) => sum + this.#baseSize(number), 0);
    return inBases - (this.#removed.get(id)?.size ?? 0) + (this.#added.get(id)?.size ?? 0);
  }

  #baseSize(number: number): number {
    return (this.#sizes[number] ??= this.#assetsOn.get(number)?.size ?? 0);
  }

  /** Counts on how many of the assets that were there a package version is now. Valid until the next write. */
  counterOf(born: Pick<BornAssets, 'count'>): (id: number) => number {
    const sizes: number[] = [];
    const sizeOf = (assets: RoaringBitmap32 | undefined): number => (assets ? born.count(assets) : 0);
    return (id) => {
      const onBases = this.#basesOf(id).reduce((sum, number) => sum + (sizes[number] ??= sizeOf(this.#assetsOn.get(number))), 0);
      return onBases - sizeOf(this.#removed.get(id)) + sizeOf(this.#added.get(id));
    };
  }

  /** A new bitmap of the assets that have one of these; the caller disposes it. */
  assetsWithAny(ids: Iterable<number>): RoaringBitmap32 {
    return unite(Array.from(ids, (id) => this.assetsWith(id)));
  }

  /** Every package version that an asset has. */
  *packageVersions(): IterableIterator<number> {
    const basesWith = this.#basesWith.value;
    yield* basesWith.keys();
    for (const id of this.#added.numbers()) if (!basesWith.has(id)) yield id;
  }

  /** The same, to be changed by itself; the caller disposes it. Whichever of both is written to first takes as long as to copy a list of all assets. */
  copy(): AssetPackages {
    const copy = new AssetPackages();
    [copy.#bases, copy.#freeBases, copy.#baseOf] = [this.#bases.copy(), this.#freeBases.copy(), this.#baseOf.copy()];
    copy.#basesWith = this.#basesWith.copy();
    [copy.#assetsOn, copy.#added, copy.#removed] = [this.#assetsOn.copy(), this.#added.copy(), this.#removed.copy()];
    copy.#differences = this.#differences.copy();
    copy.#known = this.#known.copy();
    return copy;
  }

  dispose(): void {
    for (const bitmaps of [this.#assetsOn, this.#added, this.#removed, this.#known]) bitmaps.dispose();
  }

  #clear(asset: number): void {
    const number = this.#baseOf.value[asset] ?? -1;
    const base = this.#bases.value[number];
    if (!base) return;
    for (const id of this.#differences.added(asset)) this.#added.delete(id, asset);
    for (const id of this.#differences.removed(asset)) this.#removed.delete(id, asset);
    this.#differences.set(asset, nothing, nothing);
    this.#baseOf.own[asset] = -1;
    if (this.#assetsOn.delete(number, asset)) this.#dropBase(number, base);
  }

  /** The base that shares most with these; null where a new one is cheaper. */
  #nearestBase(ids: Uint32Array): number | null {
    const near = this.#nearBases(ids);
    const limit = this.bases >= maxBases ? Number.POSITIVE_INFINITY : newBaseShare * ids.length;
    let best: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const number of near) {
      const members = this.#bases.value[number] ?? nothing;
      const distance = countDifferences(members, ids, Math.min(least, limit + 1));
      if (distance < least && distance <= limit) [best, least] = [number, distance];
    }
    return best;
  }

  #nearBases(ids: Uint32Array): number[] {
    const bases = this.#bases.value;
    if (this.#hits.length < bases.length) this.#hits = new Uint16Array(bases.length * 2);
    const hits = this.#hits;
    const touched: number[] = [];
    const stride = Math.max(1, Math.floor(ids.length / samples));
    for (let index = 0; index < ids.length; index += stride) {
      for (const number of this.#basesOf(ids[index] ?? 0)) {
        if (hits[number] === 0) touched.push(number);
        hits[number] = (hits[number] ?? 0) + 1;
      }
    }
    if (touched.length === 0 && this.bases >= maxBases) return [bases.findIndex((base) => base !== undefined)];
    const least = touched.map((number) => hits[number] ?? 0).sort((a, b) => b - a)[candidates - 1] ?? 0;
    const near = touched.filter((number) => (hits[number] ?? 0) >= least).slice(0, candidates);
    for (const number of touched) hits[number] = 0;
    return near;
  }

  #newBase(ids: Uint32Array): number {
    const bases = this.#bases.own;
    const number = this.#freeBases.own.pop() ?? bases.length;
    bases[number] = ids.slice();
    const basesWith = this.#basesWith.own;
    for (const id of ids) {
      const others = basesWith.get(id);
      if (others) others.push(number);
      else basesWith.set(id, [number]);
    }
    return number;
  }

  #dropBase(number: number, members: Uint32Array): void {
    const basesWith = this.#basesWith.own;
    for (const id of members) {
      const left = (basesWith.get(id) ?? []).filter((other) => other !== number);
      if (left.length > 0) basesWith.set(id, left);
      else basesWith.delete(id);
    }
    this.#bases.own[number] = undefined;
    this.#freeBases.own.push(number);
  }

  #reserve(asset: number): void {
    const before = this.#baseOf.value;
    if (asset < before.length) return;
    const grown = new Int32Array(Math.max(asset + 1, before.length * 2)).fill(-1);
    grown.set(before);
    this.#baseOf.replace(grown);
  }
}

const nothing = new Uint32Array(0);

/** How many numbers are in only one of two ascending lists; stops counting above the limit. */
function countDifferences(one: Uint32Array, other: Uint32Array, limit: number): number {
  let [i, j, count] = [0, 0, 0];
  while (i < one.length && j < other.length && count <= limit) {
    const a = one[i] ?? 0;
    const b = other[j] ?? 0;
    if (a <= b) i += 1;
    if (b <= a) j += 1;
    if (a !== b) count += 1;
  }
  return count + one.length - i + other.length - j;
}
