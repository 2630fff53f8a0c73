import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import { NearestMoments } from './nearest-moments.ts';
import { type OrderedPage, type OrderWish, PageInOrder, type Way, wholePart } from './page-in-order.ts';

/** What happened between two moments, both included. */
interface Happened {
  ways(select: SelectWithin): Way[];
  dispose(): void;
}

/** By which times detections are put in order. */
export interface TimeOrder {
  /** So many moments are looked at at first. */
  readonly few: number;
  /** Offers every moment from one to another, both included, at which something happened; ms since 1970. */
  offerMoments(index: OrganizationIndex, time: Time, offer: (at: number) => void): void;
  between(index: OrganizationIndex, time: Time): Happened;
}

/** Both included; in ms since 1970. */
export interface Time {
  readonly first: number;
  readonly last: number;
}

/** Where a page takes more moments, so many times as many are looked at next. */
const growth = 8;

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
  const last = { first: since, last: Number.POSITIVE_INFINITY };
  const times = deepSince < since ? [last, { first: deepSince, last: since - 1 }] : [last];
  for (const time of isNewestFirst ? times : times.toReversed()) {
    if (page.isFull) break;
    fillFrom(page, narrowTo(time, after, isNewestFirst), { index, select, order, isNewestFirst });
  }
  if (isNewestFirst && !page.isFull) fillEarlier();
  return { total, ...page.end() };
}

/** The part of it that does not lie before a place of the page, in seconds. */
function narrowTo({ first, last }: Time, after: number | null, isNewestFirst: boolean): Time {
  if (after === null) return { first, last };
  const at = Math.round(after * 1000);
  return isNewestFirst ? { first, last: Math.min(last, at) } : { first: Math.max(first, at), last };
}

interface Filling {
  readonly index: OrganizationIndex;
  readonly select: SelectWithin;
  readonly order: TimeOrder;
  readonly isNewestFirst: boolean;
}

/** Few moments at a time, in the order in which they come. */
function fillFrom(page: PageInOrder, time: Time, { index, select, order, isNewestFirst }: Filling): void {
  let { first, last } = time;
  for (let count = order.few; !page.isFull; count *= growth) {
    const nearest = new NearestMoments(count, isNewestFirst);
    order.offerMoments(index, { first, last }, (at) => nearest.offer(at));
    const moments = nearest.take();
    if (moments.length === 0) return;
    const [one = 0, other = 0] = [moments[0], moments.at(-1)];
    const happened = order.between(index, { first: Math.min(one, other), last: Math.max(one, other) });
    page.fill(happened.ways(select));
    happened.dispose();
    if (moments.length < count) return;
    if (isNewestFirst) last = other - 1;
    else first = other + 1;
  }
}
