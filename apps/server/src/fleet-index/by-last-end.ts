import type { RoaringBitmap32 } from 'roaring-wasm';
import { addTo, type AssetsByMoment, bitmapOf, disposeAll, momentOf, partsByMoment } from './assets-by-moment.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import type { Time, TimeOrder } from './page-by-times.ts';
import type { Way } from './page-in-order.ts';
import type { LoggedTransition } from './transition-log.ts';

/** By when what is gone was last found: when it went, for the last time. */
export const byLastEnd: TimeOrder = { few: 32, offerMoments, between: (index, time) => new LastEnds(index, time) };

function offerMoments({ log }: OrganizationIndex, { first, last }: Time, offer: (at: number) => void): void {
  log.forEachMany(first, ({ at, to }) => void (to === 0 && offer(at)), last);
  log.forEachRun(
    first,
    (run) => {
      for (let number = run.begin; number < run.end; number += 1) if (run.to(number) === 0) offer(run.at(number));
    },
    last,
  );
}

/** What ended between two moments, both included, and not once more later. */
class LastEnds {
  readonly #ended: AssetsByMoment = new Map();

  constructor({ log }: OrganizationIndex, { first, last }: Time) {
    const take = ({ at, place, assets, to }: LoggedTransition): void => {
      if (to === 0) addTo(momentOf(this.#ended, place, at), assets);
    };
    log.forEach(first, take, last);
    const later = new Map<number, RoaringBitmap32>();
    log.forEachMany(last + 1, ({ place, assets, to }) => {
      if (to === 0 && this.#ended.has(place)) addTo(bitmapOf(later, place), assets);
    });
    for (const [place, ends] of this.#ended) {
      const known = bitmapOf(later, place);
      const single: number[] = [];
      log.forEachRunOf(place, last + 1, (run) => {
        for (let number = run.begin; number < run.end; number += 1) if (run.to(number) === 0) single.push(run.asset(number));
      });
      known.addMany(Uint32Array.from(single).sort());
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
