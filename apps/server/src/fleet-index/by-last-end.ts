import type { RoaringBitmap32 } from 'roaring-wasm';
import { addTo, type AssetsByMoment, bitmapOf, disposeAll, momentOf, partsByMoment } from './assets-by-moment.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import type { TimeOrder } from './page-by-times.ts';
import type { Way } from './page-in-order.ts';

/** By when what is gone was last found: when it went, for the last time. */
export const byLastEnd: TimeOrder = { momentsOf, between: (index, moments) => new LastEnds(index, moments) };

function momentsOf({ log }: OrganizationIndex, time: { readonly from: number; readonly until: number }): Float64Array {
  const moments = new Set<number>();
  log.forEach(time.from, ({ at, to }) => void (to === 0 && at < time.until && moments.add(at)));
  return Float64Array.from(moments).sort();
}

/** What ended between two moments, both included, and not once more later. */
class LastEnds {
  readonly #ended: AssetsByMoment = new Map();

  constructor({ log }: OrganizationIndex, moments: readonly [number, number]) {
    const [first, last] = [Math.min(...moments), Math.max(...moments)];
    const later = new Map<number, RoaringBitmap32>();
    log.forEach(first, ({ at, place, assets, to }) => {
      if (to === 0) addTo(at <= last ? momentOf(this.#ended, place, at) : bitmapOf(later, place), assets);
    });
    for (const [place, ends] of this.#ended) {
      const known = bitmapOf(later, place);
      for (const [, assets] of [...ends].sort(([a], [b]) => b - a)) {
        assets.andNotInPlace(known);
        known.orInPlace(assets);
      }
    }
    for (const bitmap of later.values()) bitmap.dispose();
  }

  ways(select: SelectWithin): Way[] {
    const ofEnded: SelectWithin = (visit) => select((selected) => void (this.#ended.has(selected.place) && visit(selected)));
    return [{ select: ofEnded, partsOf: (selected) => partsByMoment(this.#ended, selected) }];
  }

  dispose(): void {
    disposeAll(this.#ended);
  }
}
