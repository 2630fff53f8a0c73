import type { AssetTable } from '../fleet-index/asset-table.ts';
import type { EventPart } from './event-kind.ts';
import { compareValues, type OrderValue, valueOf } from './event-order.ts';

/** Of assets on which something happened those that come first by name: with something of each of them a page is full. */
export function firstByName(
  table: AssetTable,
  assetIds: readonly string[],
  { order, behind, limit }: Pick<EventPart, 'order' | 'limit'> & { readonly behind: { readonly value: OrderValue } | null },
): string[] {
  const way = order.isTurned ? -1 : 1;
  const compare = (a: OrderValue, b: OrderValue): number => way * compareValues(a, b);
  const valued = assetIds.map((assetId) => {
    const hostname = table.assets[table.findId(assetId) ?? -1]?.hostname ?? null;
    return { assetId, value: valueOf('hostname', { status: '', cause: null, collector: null, severity: null, hostname }) };
  });
  const left = behind ? valued.filter(({ value }) => compare(value, behind.value) >= 0) : valued;
  // On those of the name with which the page begins all may have been told.
  const ahead = left.flatMap(({ value }) => (behind && compare(value, behind.value) === 0 ? [] : [value]));
  const last = ahead.toSorted(compare)[limit - 1];
  return left.flatMap(({ assetId, value }) => (last === undefined || compare(value, last) <= 0 ? [assetId] : []));
}
