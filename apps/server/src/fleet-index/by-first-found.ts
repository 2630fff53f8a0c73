import { RoaringBitmap32 } from 'roaring-wasm';
import { addTo, type AssetsByMoment, bitmapOf, disposeAll, momentOf, partsByMoment } from './assets-by-moment.ts';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import type { TimeOrder } from './page-by-times.ts';
import { type Part, rankKeys, type Way } from './page-in-order.ts';
import type { Selected } from './selection.ts';

/** By when something was first found. */
export const byFirstFound: TimeOrder = { momentsOf, between: (index, moments) => new FoundTimes(index, moments) };

/** When something was first found from one moment until before another one, in order, each once. */
function momentsOf({ table, log }: OrganizationIndex, time: { readonly from: number; readonly until: number }): Float64Array {
  const moments = new Set<number>();
  log.forEach(time.from, ({ at, from, first }) => void (from === 0 && first && at < time.until && moments.add(at)));
  for (let asset = 0; asset < table.assets.length; asset += 1) {
    const birth = table.birth(asset);
    if (birth >= time.from && birth < time.until) moments.add(birth);
  }
  return Float64Array.from(moments).sort();
}

/** What was first found between two moments, both included: with its asset, or later than that. */
class FoundTimes {
  /** Assets that came in that time. */
  readonly #born: RoaringBitmap32;
  /** On these, what came later than they, by place of the check: not with them. */
  readonly #later = new Map<number, RoaringBitmap32>();
  /** By place and moment, what came on assets that were there. */
  readonly #logged: AssetsByMoment = new Map();
  readonly #birthOf: (asset: number) => number;

  constructor({ table, log }: OrganizationIndex, moments: readonly [number, number]) {
    const [first, last] = [Math.min(...moments), Math.max(...moments)];
    this.#birthOf = (asset) => table.birth(asset);
    this.#born = table.bornSince(first);
    const younger = table.bornSince(last + 1);
    this.#born.andNotInPlace(younger);
    younger.dispose();
    log.forEach(first, ({ at, place, assets, from, first: isFirst }) => {
      if (from !== 0 || !isFirst) return;
      if (at >= first && at <= last) addTo(momentOf(this.#logged, place, at), assets);
      if (typeof assets !== 'number') {
        const born = RoaringBitmap32.and(assets, this.#born);
        if (!born.isEmpty) addTo(bitmapOf(this.#later, place), born);
        born.dispose();
      } else if (this.#born.has(assets)) addTo(bitmapOf(this.#later, place), assets);
    });
  }

  ways(select: SelectWithin): Way[] {
    const ofLogged: Select = (visit) => select((selected) => void (this.#logged.has(selected.place) && visit(selected)));
    return [
      { select: (visit) => select(visit, this.#born), partsOf: (selected) => this.#bornParts(selected) },
      { select: ofLogged, partsOf: (selected) => partsByMoment(this.#logged, selected) },
    ];
  }

  #bornParts(selected: Selected): Part[] {
    const later = this.#later.get(selected.place);
    const byBirth = new Map<number, number[]>();
    for (const asset of selected.assets.toUint32Array()) {
      if (later?.has(asset)) continue;
      const birth = this.#birthOf(asset);
      const known = byBirth.get(birth);
      if (known) known.push(asset);
      else byBirth.set(birth, [asset]);
    }
    return Array.from(byBirth, ([birth, assets]) => ({
      keys: [birth / 1000, ...rankKeys(selected)],
      size: assets.length,
      assets: () => new RoaringBitmap32(assets),
    }));
  }

  dispose(): void {
    for (const bitmap of [this.#born, ...this.#later.values()]) bitmap.dispose();
    disposeAll(this.#logged);
  }
}
