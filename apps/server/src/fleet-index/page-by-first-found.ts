import { RoaringBitmap32 } from 'roaring-wasm';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import { type OrderedPage, type OrderWish, PageInOrder, type Part, rankKeys, type Way, wholePart } from './page-in-order.ts';
import type { Selected } from './selection.ts';

/** So many moments are looked at at first; then many times as many. */
const [fewMoments, growth] = [2, 8];

/** What came before the index's log begins comes before all times, worst first: when it was is not known. */
const before = 0;

/**
 * One page of what `select` visits by when it was first found, in seconds since 1970: exactly as far back as the index's log goes.
 * `earlier` visits what was found before that.
 */
export function pageByFirstFound(
  index: OrganizationIndex,
  wish: OrderWish,
  { select, earlier }: { readonly select: SelectWithin; readonly earlier: Select },
): OrderedPage {
  const page = new PageInOrder(index, wish);
  let total = 0;
  select(({ size }) => (total += size));
  const isNewestFirst = wish.turned[0] ?? false;
  const after = wish.after === undefined ? null : Number(wish.after[0]);
  const fillEarlier = (): void => void page.fill([{ select: earlier, partsOf: (selected) => [wholePart(selected, [before])] }]);
  const { since, deepSince } = index;
  if (!isNewestFirst && (after === null || after < deepSince / 1000)) fillEarlier();
  // The newest are asked for most, and lie in the last month: the year before is looked at where that is not enough.
  const last = { from: since, until: Number.POSITIVE_INFINITY };
  const times = deepSince < since ? [last, { from: deepSince, until: since }] : [last];
  for (const time of isNewestFirst ? times : times.toReversed()) {
    if (page.isFull) break;
    const isBehind = (at: number): boolean => after === null || (isNewestFirst ? at / 1000 <= after : at / 1000 >= after);
    const moments = momentsOf(index, time).filter(isBehind);
    fillFrom(page, isNewestFirst ? moments.reverse() : moments, { index, select });
  }
  if (isNewestFirst && !page.isFull) fillEarlier();
  return { total, ...page.end() };
}

/** Few moments at a time, in the order in which they come. */
function fillFrom(
  page: PageInOrder,
  moments: Float64Array,
  { index, select }: { readonly index: OrganizationIndex; readonly select: SelectWithin },
): void {
  for (
    let [from, count] = [0, fewMoments];
    from < moments.length && !page.isFull;
    [from, count] = [from + count, count * growth]
  ) {
    const part = moments.subarray(from, from + count);
    const times = new FoundTimes(index, [part[0] ?? 0, part.at(-1) ?? 0]);
    page.fill(times.ways(select));
    times.dispose();
  }
}

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
  readonly #logged = new Map<number, Map<number, RoaringBitmap32>>();
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
      { select: ofLogged, partsOf: (selected) => this.#loggedParts(selected) },
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

  #loggedParts(selected: Selected): Part[] {
    return Array.from(this.#logged.get(selected.place) ?? [], ([at, found]) => ({
      keys: [at / 1000, ...rankKeys(selected)],
      size: selected.assets.andCardinality(found),
      assets: () => RoaringBitmap32.and(selected.assets, found),
    })).filter(({ size }) => size > 0);
  }

  dispose(): void {
    for (const bitmap of [this.#born, ...this.#later.values()]) bitmap.dispose();
    for (const moments of this.#logged.values()) for (const bitmap of moments.values()) bitmap.dispose();
  }
}

function momentOf(logged: Map<number, Map<number, RoaringBitmap32>>, place: number, at: number): RoaringBitmap32 {
  const moments = logged.get(place) ?? new Map<number, RoaringBitmap32>();
  logged.set(place, moments);
  return bitmapOf(moments, at);
}

function bitmapOf(bitmaps: Map<number, RoaringBitmap32>, key: number): RoaringBitmap32 {
  const known = bitmaps.get(key) ?? new RoaringBitmap32();
  bitmaps.set(key, known);
  return known;
}

function addTo(bitmap: RoaringBitmap32, assets: number | RoaringBitmap32): void {
  if (typeof assets === 'number') bitmap.add(assets);
  else bitmap.orInPlace(assets);
}
