import { RoaringBitmap32 } from 'roaring-wasm';
import { narrowToException } from './excepted.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Which detections began or ended since a moment. Use it before the next await, and dispose it. */
export class RecentTransitions {
  /** Assets all of whose detections began since. */
  readonly #born: RoaringBitmap32;
  readonly #since: number;
  readonly #found = new Map<number, RoaringBitmap32>();
  readonly #ended = new Map<number, RoaringBitmap32>();
  /** Of these bitmaps, those that are not the log's. */
  readonly #owned = new Set<RoaringBitmap32>();

  /** `since`: not before the index's `deepSince`. */
  constructor(index: OrganizationIndex, since: number) {
    this.#born = index.table.bornSince(since);
    this.#since = since;
    const [found, ended] = [new Map<number, number[]>(), new Map<number, number[]>()];
    index.log.forEach(since, ({ place, assets, from, to, first }) => {
      if (from === 0 && first) this.#note(place, assets, { single: found, many: this.#found });
      if (to === 0) this.#note(place, assets, { single: ended, many: this.#ended });
    });
    for (const [place, assets] of found) this.#own(this.#found, place).addMany(assets);
    for (const [place, assets] of ended) this.#own(this.#ended, place).addMany(assets);
  }

  /** Assets all of whose detections began since. Not the caller's. */
  get born(): RoaringBitmap32 {
    return this.#born;
  }

  /** A new bitmap of those of these assets on which the check was first found since; the caller disposes it. */
  foundAmong(place: number, assets: RoaringBitmap32): RoaringBitmap32 {
    const found = RoaringBitmap32.and(assets, this.#born);
    const more = this.#found.get(place);
    if (!more) return found;
    const later = RoaringBitmap32.and(assets, more);
    found.orInPlace(later);
    later.dispose();
    return found;
  }

  /** Takes away from these assets those of `foundAmong`. */
  takeFound(place: number, assets: RoaringBitmap32): void {
    if (!this.#born.isEmpty) assets.andNotInPlace(this.#born);
    const found = this.#found.get(place);
    if (found) assets.andNotInPlace(found);
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
    const older = table.bornBy(this.#since - 1);
    const [before, all] = table.countBornBy([this.#since - 1, Number.POSITIVE_INFINITY]).map(sumOf);
    let count = (all ?? 0) - (before ?? 0);
    for (const [place, found] of this.#found) {
      const open = checks[place]?.open;
      if (!open) continue;
      // New checks are open wherever they were found, and to see that is a hundredth of the work of comparing them.
      if (!excepted.byPlace.has(place) && found.isSubset(open)) {
        count += older.count(found);
        continue;
      }
      const later = RoaringBitmap32.and(found, open);
      narrowToException(excepted, place, { assets: later, filter: 'without' });
      count += older.count(later);
      later.dispose();
    }
    older.dispose();
    return count;
  }

  /** Assets on which a stretch of the check ended since, by the check's place; some have it again. */
  get ended(): ReadonlyMap<number, RoaringBitmap32> {
    return this.#ended;
  }

  /**
   * Single assets are gathered first: one by one they would cost a call into the bitmap each. What the log holds of a check alone is not
   * copied: a month of new checks on a large fleet are megabytes.
   */
  #note(
    place: number,
    assets: number | RoaringBitmap32,
    { single, many }: { single: Map<number, number[]>; many: Map<number, RoaringBitmap32> },
  ): void {
    if (typeof assets === 'number') {
      const gathered = single.get(place);
      if (gathered) gathered.push(assets);
      else single.set(place, [assets]);
    } else if (many.has(place)) this.#own(many, place).orInPlace(assets);
    else many.set(place, assets);
  }

  /** What is noted of a check, to be written to. */
  #own(bitmaps: Map<number, RoaringBitmap32>, place: number): RoaringBitmap32 {
    const known = bitmaps.get(place);
    if (known && this.#owned.has(known)) return known;
    const own = known ? new RoaringBitmap32(known) : new RoaringBitmap32();
    this.#owned.add(own);
    bitmaps.set(place, own);
    return own;
  }

  dispose(): void {
    this.#born.dispose();
    for (const bitmap of this.#owned) bitmap.dispose();
  }
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
