import type { DetectionSorting } from '@vedette/protocol';
import { newForDays } from './derive.ts';
import { firstFound, inStatus } from '../fleet-index/detection-tests.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { SelectWithin } from '../fleet-index/page-by-asset.ts';
import { pageByFirstFound } from '../fleet-index/page-by-first-found.ts';
import { pageByHostname } from '../fleet-index/page-by-hostname.ts';
import { type OrderedPage, type OrderWish, pageInOrder, type Way, wholePart } from '../fleet-index/page-in-order.ts';
import type { Selected } from '../fleet-index/selection.ts';
import { type DetectionWish, DetectionVisits } from '../fleet-index/visit-detections.ts';
import { allOf, type DetectionTest } from '../fleet-index/where.ts';
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
}

/** Whether the order asks when detections came or went. */
export function isOrderOfTimes(sort: DetectionSorting | undefined): boolean {
  return sort === 'status' || sort === 'firstFound';
}

const statuses = ['active', 'fixed', 'new', 'reopened'] as const;

/** One page of what is visited, in an order other than worst first. */
export function pageByOrder(
  { index, contexts, select, wished }: Visited,
  { sort, keys, after }: DetectionOrder,
  part: Pick<OrderWish, 'limit' | 'offset'>,
): OrderedPage {
  const wish = { ...part, after, turned: keys.map(({ isDescending = false }) => isDescending) };
  switch (sort) {
    case 'hostname':
      return pageByHostname(index, wish, select);
    case 'risk':
      return pageInOrder(index, wish, [{ select, partsOf: riskParts(contexts) }]);
    case 'status':
    case 'firstFound':
      if (!wished) throw new Error(`${sort} was asked of an index that does not know it`);
      return pageByTimes({ index, select, wished }, sort, wish);
    case 'worst':
    case 'name':
    case 'cvss':
    case 'epss':
      return pageInOrder(index, wish, [byValue(select, valuesOf[sort])]);
  }
}

function pageByTimes(
  { index, select, wished }: Pick<Visited, 'index' | 'select'> & { readonly wished: DetectionWish },
  sort: 'status' | 'firstFound',
  wish: OrderWish,
): OrderedPage {
  using stack = new DisposableStack();
  const only = (test: DetectionTest): SelectWithin =>
    stack.use(new DetectionVisits(index, { ...wished, test: allOf([wished.test, test]) })).all;
  if (sort === 'firstFound')
    return pageByFirstFound(index, wish, { select, earlier: only(firstFound({ from: -Infinity, until: index.deepSince })) });
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
