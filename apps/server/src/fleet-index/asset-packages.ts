import { RoaringBitmap32 } from 'roaring-wasm';
import { DifferenceStore } from './difference-store.ts';
import { applyDifference, differences, includesSorted } from './sorted-numbers.ts';

/** What many assets have in common: the packages of one image at one patch level. */
interface Base {
  readonly members: Uint32Array;
  readonly assets: RoaringBitmap32;
}

/** An asset that differs from every base by more than this share of its packages becomes a base itself. */
const newBaseShare = 0.25;
/** Beyond so many bases an asset takes the nearest, however far that is. */
const maxBases = 4096;
/** So many of an asset's packages are looked at to find bases near it; the nearest few of these are compared in full. */
const samples = 32;
const candidates = 3;

/**
 * Which asset has which package version: for each asset a base and a short difference to it, for each package version the bases that
 * hold it and the assets that differ in it. What an image's assets share is so kept, and judged, once. Assets and package versions are
 * numbers; a package version is on an asset or not, however many collectors report it.
 */
export class AssetPackages {
  readonly #bases: (Base | undefined)[] = [];
  readonly #freeBases: number[] = [];
  #baseOf = new Int32Array(64).fill(-1);
  readonly #basesWith = new Map<number, number[]>();
  readonly #added = new Map<number, RoaringBitmap32>();
  readonly #removed = new Map<number, RoaringBitmap32>();
  #differences = new DifferenceStore();
  /** Assets by package version, for those that were asked for: the ones that verdicts speak of. */
  readonly #known = new Map<number, RoaringBitmap32>();
  /** Room for counting how much bases share with an asset. */
  #hits = new Uint16Array(64);

  get bases(): number {
    return this.#bases.length - this.#freeBases.length;
  }

  /** Numbers of the package versions of an asset, ascending. */
  idsOf(asset: number): Uint32Array {
    const base = this.#bases[this.#baseOf[asset] ?? -1];
    return base ? applyDifference(base.members, this.#differences.added(asset), this.#differences.removed(asset)) : nothing;
  }

  /** Sets all package versions of an asset, whatever it had before. `ids` ascending, each once. */
  put(asset: number, ids: Uint32Array): void {
    this.#reserve(asset);
    for (const id of this.idsOf(asset)) this.#known.get(id)?.delete(asset);
    for (const id of ids) this.#known.get(id)?.add(asset);
    this.#place(asset, ids);
  }

  #place(asset: number, ids: Uint32Array): void {
    this.#clear(asset);
    if (ids.length === 0) return;
    const number = this.#nearestBase(ids) ?? this.#newBase(ids);
    const base = this.#bases[number];
    if (!base) throw new Error(`there is no base ${number}`);
    base.assets.add(asset);
    this.#baseOf[asset] = number;
    const { onlyOne: removed, onlyOther: added } = differences(base.members, ids);
    for (const id of added) mark(this.#added, id, asset);
    for (const id of removed) mark(this.#removed, id, asset);
    this.#differences.set(asset, added, removed);
  }

  /** Takes some away and adds others. What is there already, or not there, stays as it is. */
  change(asset: number, added: Iterable<number>, removed: Iterable<number>): void {
    this.#reserve(asset);
    const base = this.#bases[this.#baseOf[asset] ?? -1];
    if (!base) return this.put(asset, Uint32Array.from(new Set(added)).sort());
    const more = new Set(this.#differences.added(asset));
    const less = new Set(this.#differences.removed(asset));
    for (const id of removed) {
      this.#known.get(id)?.delete(asset);
      if (more.delete(id)) unmark(this.#added, id, asset);
      else if (includesSorted(base.members, id) && !less.has(id)) {
        less.add(id);
        mark(this.#removed, id, asset);
      }
    }
    for (const id of added) {
      this.#known.get(id)?.add(asset);
      if (less.delete(id)) unmark(this.#removed, id, asset);
      else if (!includesSorted(base.members, id) && !more.has(id)) {
        more.add(id);
        mark(this.#added, id, asset);
      }
    }
    this.#differences.set(asset, Uint32Array.from(more).sort(), Uint32Array.from(less).sort());
    // Far from its base, an asset costs more than a base of its own.
    if (more.size + less.size > 2 * newBaseShare * base.members.length + samples) this.#place(asset, this.idsOf(asset));
  }

  has(asset: number, id: number): boolean {
    if (this.#added.get(id)?.has(asset)) return true;
    const base = this.#bases[this.#baseOf[asset] ?? -1];
    return base !== undefined && includesSorted(base.members, id) && !this.#removed.get(id)?.has(asset);
  }

  /** The assets that have this; kept up to date, and not the caller's. From the first question on it takes memory of its own. */
  assetsWith(id: number): RoaringBitmap32 {
    const assets = this.#known.get(id) ?? this.#gather(id);
    this.#known.set(id, assets);
    return assets;
  }

  #gather(id: number): RoaringBitmap32 {
    const assets = RoaringBitmap32.orMany((this.#basesWith.get(id) ?? []).flatMap((number) => this.#bases[number]?.assets ?? []));
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
    const all = new RoaringBitmap32();
    for (const id of ids) {
      const known = this.#known.get(id);
      const assets = known ?? this.#gather(id);
      all.orInPlace(assets);
      if (!known) assets.dispose();
    }
    return all;
  }

  /** An asset has one base, and differs from it by what it has not or has alone. */
  #count(id: number): number {
    const inBases = (this.#basesWith.get(id) ?? []).reduce((sum, number) => sum + (this.#bases[number]?.assets.size ?? 0), 0);
    return inBases - (this.#removed.get(id)?.size ?? 0) + (this.#added.get(id)?.size ?? 0);
  }

  /** A new bitmap of the assets that have one of these; the caller disposes it. */
  assetsWithAny(ids: Iterable<number>): RoaringBitmap32 {
    return RoaringBitmap32.orMany(Array.from(ids, (id) => this.assetsWith(id)));
  }

  /** Every package version that an asset has. */
  *packageVersions(): IterableIterator<number> {
    yield* this.#basesWith.keys();
    for (const id of this.#added.keys()) if (!this.#basesWith.has(id)) yield id;
  }

  /**
   * The same without these assets, to be changed by itself; the caller disposes it. To leave out half of a fleet costs less than to copy it,
   * where taking its assets away one by one would cost many times as much.
   */
  copy(without: RoaringBitmap32): AssetPackages {
    const copy = new AssetPackages();
    for (const [number, base] of this.#bases.entries()) {
      const assets = base && leave(base.assets, without);
      copy.#bases.push(assets && { ...base, assets });
      if (!assets) copy.#freeBases.push(number);
    }
    for (const [id, bases] of this.#basesWith) {
      const left = bases.filter((number) => copy.#bases[number]);
      if (left.length > 0) copy.#basesWith.set(id, left);
    }
    for (const [from, to] of [
      [this.#added, copy.#added],
      [this.#removed, copy.#removed],
    ] as const) {
      for (const [id, assets] of from) {
        const left = leave(assets, without);
        if (left) to.set(id, left);
      }
    }
    copy.#baseOf = this.#baseOf.slice();
    copy.#differences = this.#differences.copy();
    for (const asset of without.toUint32Array()) {
      copy.#reserve(asset);
      copy.#baseOf[asset] = -1;
      copy.#differences.set(asset, nothing, nothing);
    }
    return copy;
  }

  dispose(): void {
    for (const base of this.#bases) base?.assets.dispose();
    for (const bitmaps of [this.#added, this.#removed, this.#known]) for (const bitmap of bitmaps.values()) bitmap.dispose();
  }

  #clear(asset: number): void {
    const number = this.#baseOf[asset] ?? -1;
    const base = this.#bases[number];
    if (!base) return;
    for (const id of this.#differences.added(asset)) unmark(this.#added, id, asset);
    for (const id of this.#differences.removed(asset)) unmark(this.#removed, id, asset);
    this.#differences.set(asset, nothing, nothing);
    base.assets.delete(asset);
    this.#baseOf[asset] = -1;
    if (base.assets.isEmpty) this.#dropBase(number, base);
  }

  /** The base that shares most with these; null where a new one is cheaper. */
  #nearestBase(ids: Uint32Array): number | null {
    const near = this.#nearBases(ids);
    const limit = this.bases >= maxBases ? Number.POSITIVE_INFINITY : newBaseShare * ids.length;
    let best: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const number of near) {
      const members = this.#bases[number]?.members ?? nothing;
      const distance = countDifferences(members, ids, Math.min(least, limit + 1));
      if (distance < least && distance <= limit) [best, least] = [number, distance];
    }
    return best;
  }

  #nearBases(ids: Uint32Array): number[] {
    if (this.#hits.length < this.#bases.length) this.#hits = new Uint16Array(this.#bases.length * 2);
    const hits = this.#hits;
    const touched: number[] = [];
    const stride = Math.max(1, Math.floor(ids.length / samples));
    for (let index = 0; index < ids.length; index += stride) {
      for (const number of this.#basesWith.get(ids[index] ?? 0) ?? []) {
        if (hits[number] === 0) touched.push(number);
        hits[number] = (hits[number] ?? 0) + 1;
      }
    }
    if (touched.length === 0 && this.bases >= maxBases) return [this.#bases.findIndex((base) => base !== undefined)];
    const least = touched.map((number) => hits[number] ?? 0).sort((a, b) => b - a)[candidates - 1] ?? 0;
    const near = touched.filter((number) => (hits[number] ?? 0) >= least).slice(0, candidates);
    for (const number of touched) hits[number] = 0;
    return near;
  }

  #newBase(ids: Uint32Array): number {
    const number = this.#freeBases.pop() ?? this.#bases.length;
    this.#bases[number] = { members: ids.slice(), assets: new RoaringBitmap32() };
    for (const id of ids) {
      const bases = this.#basesWith.get(id);
      if (bases) bases.push(number);
      else this.#basesWith.set(id, [number]);
    }
    return number;
  }

  #dropBase(number: number, { members, assets }: Base): void {
    for (const id of members) {
      const left = (this.#basesWith.get(id) ?? []).filter((other) => other !== number);
      if (left.length > 0) this.#basesWith.set(id, left);
      else this.#basesWith.delete(id);
    }
    assets.dispose();
    this.#bases[number] = undefined;
    this.#freeBases.push(number);
  }

  #reserve(asset: number): void {
    if (asset < this.#baseOf.length) return;
    const grown = new Int32Array(Math.max(asset + 1, this.#baseOf.length * 2)).fill(-1);
    grown.set(this.#baseOf);
    this.#baseOf = grown;
  }
}

const nothing = new Uint32Array(0);

function mark(bitmaps: Map<number, RoaringBitmap32>, id: number, asset: number): void {
  const bitmap = bitmaps.get(id);
  if (bitmap) bitmap.add(asset);
  else bitmaps.set(id, new RoaringBitmap32([asset]));
}

/** A new bitmap of what is left without some; undefined for none. */
function leave(assets: RoaringBitmap32, without: RoaringBitmap32): RoaringBitmap32 | undefined {
  const left = RoaringBitmap32.andNot(assets, without);
  if (!left.isEmpty) return left;
  left.dispose();
  return undefined;
}

function unmark(bitmaps: Map<number, RoaringBitmap32>, id: number, asset: number): void {
  const bitmap = bitmaps.get(id);
  if (!bitmap) return;
  bitmap.delete(asset);
  if (!bitmap.isEmpty) return;
  bitmap.dispose();
  bitmaps.delete(id);
}

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
