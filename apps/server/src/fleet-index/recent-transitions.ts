import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';

/** Which detections began or ended since a moment. Dispose it. */
export class RecentTransitions {
  /** Assets all of whose detections began since. */
  readonly #born: RoaringBitmap32;
  readonly #found = new Map<number, RoaringBitmap32>();
  readonly #ended = new Map<number, RoaringBitmap32>();

  /** `since`: not before the index's own. */
  constructor(index: OrganizationIndex, since: number) {
    this.#born = index.table.bornSince(since);
    index.log.forEach(since, ({ place, assets, to, first }) => {
      if (first) add(this.#found, place, assets);
      if (to === 0) add(this.#ended, place, assets);
    });
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

  countFound(place: number, assets: RoaringBitmap32): number {
    if (!this.#found.has(place)) return assets.andCardinality(this.#born);
    const found = this.foundAmong(place, assets);
    const count = found.size;
    found.dispose();
    return count;
  }

  /** Assets on which a stretch of the check ended since, by the check's place; some have it again. */
  get ended(): ReadonlyMap<number, RoaringBitmap32> {
    return this.#ended;
  }

  dispose(): void {
    for (const bitmap of [this.#born, ...this.#found.values(), ...this.#ended.values()]) bitmap.dispose();
  }
}

function add(bitmaps: Map<number, RoaringBitmap32>, place: number, assets: number | RoaringBitmap32): void {
  const known = bitmaps.get(place) ?? new RoaringBitmap32();
  bitmaps.set(place, known);
  if (typeof assets === 'number') known.add(assets);
  else known.orInPlace(assets);
}
