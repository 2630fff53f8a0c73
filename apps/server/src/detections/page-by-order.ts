import type { DetectionSorting } from '@vedette/protocol';
import { SortValues } from '../assets/sort-values.ts';
import type { AskedOfOrder } from './ask-for-order.ts';
import { newForDays } from './derive.ts';
import { byFirstFound } from '../fleet-index/by-first-found.ts';
import { byLastEnd } from '../fleet-index/by-last-end.ts';
import { firstFound, goneSince, inStatus } from '../fleet-index/detection-tests.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { SelectWithin } from '../fleet-index/page-by-asset.ts';
import { pageByAssetValue } from '../fleet-index/page-by-asset-value.ts';
import { pageByPackage } from '../fleet-index/page-by-package.ts';
import { pageByTimes } from '../fleet-index/page-by-times.ts';
import { type OrderedPage, type OrderWish, pageInOrder, type Way, wholePart } from '../fleet-index/page-in-order.ts';
import type { Selected } from '../fleet-index/selection.ts';
import { type DetectionWish, DetectionVisits } from '../fleet-index/visit-detections.ts';
import { allOf, type DetectionTest, not } from '../fleet-index/where.ts';
import type { Place } from '../http/list-cursor.ts';
import type { AssetContexts } from '../risk/asset-contexts.ts';
import { riskParts } from '../risk/risk-parts.ts';
import type { DetectionOrder } from './order-detections.ts';

/** What a page in some order is made from. Use it before the next await. */
export interface Visited {
  readonly index: OrganizationIndex;
  readonly contexts: AssetContexts;
  readonly select: SelectWithin;
  /** What `select` visits, to be asked for more; null where the index of another moment visits, which knows no times. */
  readonly wished: DetectionWish | null;
  /** What the order asks of the database. */
  readonly asked: AskedOfOrder;
}

/** Whether the order asks when detections came or went. */
export function isOrderOfTimes(sort: DetectionSorting | undefined): boolean {
  return sort === 'status' || sort === 'firstFound';
}

/** In seconds since 1970: when it was assessed last, which of the moment that is asked about is not later than that. */
function lastFoundOn({ table }: OrganizationIndex, { lastScans, moment }: AskedOfOrder): (asset: number) => number {
  if (!lastScans) throw new Error('lastFound was asked without the times of the assets');
  using values = new SortValues(table, lastScans);
  return (asset) => Math.min(values.of(asset) / 1e6 + secondsUntil2000, moment / 1000);
}

const secondsUntil2000 = Date.UTC(2000, 0) / 1000;
const statuses = ['active', 'fixed', 'new', 'reopened'] as const;

/** One page of what is visited, in an order other than worst first. */
export function pageByOrder(
  { index, contexts, select, wished, asked }: Visited,
  { sort, isOfGone, keys, after }: DetectionOrder,
  part: Pick<OrderWish, 'limit' | 'offset'>,
): OrderedPage {
  const wish = { ...part, after, turned: keys.map(({ isDescending = false }) => isDescending) };
  switch (sort) {
    case 'hostname':
      return pageByAssetValue(index, wish, { select, valueOf: (asset) => index.table.assets[asset]?.hostname ?? '' });
    case 'lastFound':
      if (isOfGone) return pageByLog({ index, select, wished }, sort, wish);
      return pageByAssetValue(index, wish, { select, valueOf: lastFoundOn(index, asked) });
    case 'package':
      return pageByPackage(index, wish, { select, names: asked.names });
    case 'risk':
      return pageInOrder(index, wish, [{ select, partsOf: riskParts(contexts) }]);
    case 'status':
    case 'firstFound':
      return pageByLog({ index, select, wished }, sort, wish);
    case 'worst':
    case 'name':
    case 'cvss':
    case 'epss':
      return pageInOrder(index, wish, [byValue(select, valuesOf[sort])]);
  }
}

/** In an order that asks when detections came and went. */
function pageByLog(
  { index, select, wished }: Pick<Visited, 'index' | 'select' | 'wished'>,
  sort: 'status' | 'firstFound' | 'lastFound',
  wish: OrderWish,
): OrderedPage {
  if (!wished) throw new Error(`${sort} was asked of an index that does not know it`);
  using stack = new DisposableStack();
  const only = (test: DetectionTest): SelectWithin =>
    stack.use(new DetectionVisits(index, { ...wished, test: allOf([wished.test, test]) })).all;
  if (sort === 'firstFound') {
    const earlier = only(firstFound({ from: -Infinity, until: index.deepSince }));
    return pageByTimes(index, wish, { select, earlier, order: byFirstFound });
  }
  if (sort === 'lastFound')
    return pageByTimes(index, wish, { select, earlier: only(not(goneSince(index.deepSince))), order: byLastEnd });
  const ways = statuses.map((status) => byValue(only(inStatus((one) => one === status, newForDays)), () => [status]));
  return pageInOrder(index, wish, ways);
}

function byValue(select: SelectWithin, own: (selected: Selected) => Place): Way {
  return { select, partsOf: (selected) => [wholePart(selected, own(selected))] };
}

/** The same values as the expressions of orderOf. */
const valuesOf = {
  worst: ({ severity, check }: Selected): Place => [-severity, -Number(check.exploited), -(check.epss ?? -1)],
  name: ({ check }: Selected): Place => [check.name],
  cvss: ({ check }: Selected): Place => [check.cvss ?? -1],
  epss: ({ check }: Selected): Place => [check.epss ?? -1],
};
