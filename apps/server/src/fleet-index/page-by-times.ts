import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import { type OrderedPage, type OrderWish, PageInOrder, type Way, wholePart } from './page-in-order.ts';

/** What happened between two moments, both included. */
interface Happened {
  ways(select: SelectWithin): Way[];
  dispose(): void;
}

/** By which times detections are put in order. */
export interface TimeOrder {
  /** From one moment until before another one, in order, each once; ms since 1970. */
  momentsOf(index: OrganizationIndex, time: { readonly from: number; readonly until: number }): Float64Array;
  between(index: OrganizationIndex, moments: readonly [number, number]): Happened;
}

/** So many moments are looked at at first; then many times as many. */
const [fewMoments, growth] = [2, 8];

/** What was before the index's log begins comes before all times, worst first: when it was is not known. */
const before = 0;

/**
 * One page of what `select` visits by a time of its own, in seconds since 1970: exactly as far back as the index's log goes. `earlier`
 * visits what was before that.
 */
export function pageByTimes(
  index: OrganizationIndex,
  wish: OrderWish,
  { select, earlier, order }: { readonly select: SelectWithin; readonly earlier: Select; readonly order: TimeOrder },
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
    const moments = order.momentsOf(index, time).filter(isBehind);
    fillFrom(page, isNewestFirst ? moments.reverse() : moments, { index, select, order });
  }
  if (isNewestFirst && !page.isFull) fillEarlier();
  return { total, ...page.end() };
}

/** Few moments at a time, in the order in which they come. */
function fillFrom(
  page: PageInOrder,
  moments: Float64Array,
  { index, select, order }: { readonly index: OrganizationIndex; readonly select: SelectWithin; readonly order: TimeOrder },
): void {
  for (
    let [from, count] = [0, fewMoments];
    from < moments.length && !page.isFull;
    [from, count] = [from + count, count * growth]
  ) {
    const part = moments.subarray(from, from + count);
    const times = order.between(index, [part[0] ?? 0, part.at(-1) ?? 0]);
    page.fill(times.ways(select));
    times.dispose();
  }
}
