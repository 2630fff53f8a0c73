import { RoaringBitmap32 } from 'roaring-wasm';
import type { BornAssets } from './born-assets.ts';
import { narrowToException } from './excepted.ts';
import { gatherAssets } from './gather-assets.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Which detections began or ended since a moment. Use it before the next await, and dispose it. */
export class RecentTransitions {
  /** Assets all of whose detections began since. */
  readonly #born: RoaringBitmap32;
  /** The others. */
  readonly #older: BornAssets;
  readonly #since: number;
  readonly #found: Gathered;
  readonly #ended: Gathered;

  /** `since`: not before the index's `deepSince`. */
  constructor({ table, log }: OrganizationIndex, since: number) {
    this.#born = table.bornSince(since);
    this.#older = table.bornBy(since - 1);
    this.#since = since;
    this.#found = new Gathered(() => gatherAssets(log, since, (run, number) => run.isFirst(number) && run.from(number) === 0));
    this.#ended = new Gathered(() => gatherAssets(log, since, (run, number) => run.to(number) === 0));
    log.forEachMany(since, ({ place, assets, from, to, first }) => {
      if (from === 0 && first) this.#found.note(place, assets);
      if (to === 0) this.#ended.note(place, assets);
    });
  }

  /** Assets all of whose detections began since. Not the caller's. */
  get born(): RoaringBitmap32 {
    return this.#born;
  }

  /** A new bitmap of those of these assets on which the check was first found since; the caller disposes it. */
  foundAmong(place: number, assets: RoaringBitmap32): RoaringBitmap32 {
    const found = this.#older.others(assets);
    const more = this.#found.of(place);
    if (!more) return found;
    const later = RoaringBitmap32.and(assets, more);
    found.orInPlace(later);
    later.dispose();
    return found;
  }

  /** The same of those on which it was found before. */
  foundBeforeAmong(place: number, assets: RoaringBitmap32): RoaringBitmap32 {
    const before = this.#older.among(assets);
    const found = this.#found.of(place);
    if (found) before.andNotInPlace(found);
    return before;
  }

  /** A new bitmap of those of these assets that are not `born`; the caller disposes it. */
  olderAmong(assets: RoaringBitmap32): RoaringBitmap32 {
    return this.#older.among(assets);
  }

  /** Whether the check was not found first since, on any asset. */
  isQuiet(place: number): boolean {
    return this.#born.isEmpty && !this.hasLogged(place);
  }

  /** Whether it was found first since on an asset that was there before. */
  hasLogged(place: number): boolean {
    return this.#found.has(place);
  }

  /** Open detections that were first found since. */
  countFound({ table, checks, excepted }: OrganizationIndex): number {
    // All of an asset that came since are; of the others those that the log tells of.
    const [before, all] = table.countBornBy([this.#since - 1, Number.POSITIVE_INFINITY]).map(sumOf);
    let count = (all ?? 0) - (before ?? 0);
    for (const [place, check] of checks.entries()) {
      const found = check && !check.open.isEmpty ? this.#found.of(place) : null;
      if (!check || !found) continue;
      const { open } = check;
      // New checks are open wherever they were found, and to see that is a hundredth of the work of comparing them.
      if (!excepted.byPlace.has(place) && found.isSubset(open)) {
        count += this.#older.count(found);
        continue;
      }
      const later = RoaringBitmap32.and(found, open);
      narrowToException(excepted, place, { assets: later, filter: 'without' });
      count += this.#older.count(later);
      later.dispose();
    }
    return count;
  }

  /** Assets on which a stretch of the check ended since; some have it again. Not the caller's; null for none. */
  ended(place: number): RoaringBitmap32 | null {
    return this.#ended.of(place);
  }

  dispose(): void {
    this.#born.dispose();
    this.#older.dispose();
    this.#found.dispose();
    this.#ended.dispose();
  }
}

/** Assets by the check's place, those of a check made into a set when first asked for. */
class Gathered {
  readonly #many = new Map<number, RoaringBitmap32[]>();
  readonly #sets = new Map<number, RoaringBitmap32>();
  readonly #gather: () => (place: number) => Uint32Array;
  #single: ((place: number) => Uint32Array) | null = null;
  /** Those that are not the log's. */
  readonly #owned: RoaringBitmap32[] = [];

  constructor(gather: () => (place: number) => Uint32Array) {
    this.#gather = gather;
  }

  /** The bitmap is the log's. */
  note(place: number, assets: RoaringBitmap32): void {
    const many = this.#many.get(place);
    if (many) many.push(assets);
    else this.#many.set(place, [assets]);
  }

  has(place: number): boolean {
    return this.#many.has(place) || this.#singleOf(place).length > 0;
  }

  /** Null for none. */
  of(place: number): RoaringBitmap32 | null {
    if (!this.has(place)) return null;
    const assets = this.#sets.get(place) ?? this.#make(place);
    this.#sets.set(place, assets);
    return assets;
  }

  dispose(): void {
    for (const bitmap of this.#owned) bitmap.dispose();
  }

  #singleOf(place: number): Uint32Array {
    return (this.#single ??= this.#gather())(place);
  }

  #make(place: number): RoaringBitmap32 {
    const [single, [first, ...others]] = [this.#singleOf(place), this.#many.get(place) ?? []];
    // What the log holds of a check alone is not copied: a month of new checks on a large fleet are megabytes.
    if (first && single.length === 0 && others.length === 0) return first;
    // A bitmap takes them in order in a fraction of the time.
    const all = new RoaringBitmap32(single.sort());
    for (const bitmap of first ? [first, ...others] : []) all.orInPlace(bitmap);
    this.#owned.push(all);
    return all;
  }
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
