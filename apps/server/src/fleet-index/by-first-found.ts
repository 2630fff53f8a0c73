import { RoaringBitmap32 } from 'roaring-wasm';
import { addTo, type AssetsByMoment, bitmapOf, disposeAll, momentOf, partsByMoment } from './assets-by-moment.ts';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import type { Time, TimeOrder } from './page-by-times.ts';
import { type Part, rankKeys, type Way } from './page-in-order.ts';
import type { Selected } from './selection.ts';
import type { BulkTransition } from './transition-log.ts';

/** By when something was first found. At one moment a part of a fleet may have come, with all that was found on it. */
export const byFirstFound: TimeOrder = { few: 2, offerMoments, between: (index, time) => new FoundTimes(index, time) };

function offerMoments({ table, log }: OrganizationIndex, { first, last }: Time, offer: (at: number) => void): void {
  const take = ({ at, from, first: isFirst }: BulkTransition): void => void (from === 0 && isFirst && offer(at));
  log.forEachMany(first, take, last);
  log.forEachRun(
    first,
    (run) => {
      for (let number = run.begin; number < run.end; number += 1)
        if (run.from(number) === 0 && run.isFirst(number)) offer(run.at(number));
    },
    last,
  );
  for (let asset = 0; asset < table.assets.length; asset += 1) {
    const birth = table.birth(asset);
    if (birth >= first && birth <= last) offer(birth);
  }
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

  constructor({ table, log }: OrganizationIndex, { first, last }: Time) {
    this.#birthOf = (asset) => table.birth(asset);
    this.#born = table.bornSince(first);
    const younger = table.bornSince(last + 1);
    this.#born.andNotInPlace(younger);
    younger.dispose();
    log.forEach(
      first,
      ({ at, place, assets, from, first: isFirst }) => {
        if (from === 0 && isFirst) addTo(momentOf(this.#logged, place, at), assets);
      },
      last,
    );
    if (!this.#born.isEmpty) this.#takeLater({ table, log }, first);
  }

  #takeLater({ table, log }: Pick<OrganizationIndex, 'table' | 'log'>, since: number): void {
    log.forEachMany(since, ({ place, assets, from, first }) => {
      if (from !== 0 || !first) return;
      const born = RoaringBitmap32.and(assets, this.#born);
      if (!born.isEmpty) addTo(bitmapOf(this.#later, place), born);
      born.dispose();
    });
    const isBorn = new Uint8Array(table.assets.length);
    for (const asset of this.#born) isBorn[asset] = 1;
    log.forEachRun(since, (run) => {
      for (let number = run.begin; number < run.end; number += 1) {
        if (run.from(number) !== 0 || !run.isFirst(number) || isBorn[run.asset(number)] !== 1) continue;
        addTo(bitmapOf(this.#later, run.place), run.asset(number));
      }
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
