import type { Place } from '../http/list-cursor.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { detectionsOf, fewestAssets, type SelectWithin } from './page-by-asset.ts';
import { comparePlaces, type OrderedPage, type OrderWish } from './page-in-order.ts';
import { firstSorted } from './select-assets.ts';

interface AssetOrder {
  readonly select: SelectWithin;
  /** By what assets are sorted, by their dense numbers: all of them numbers, or all of them texts. */
  readonly valueOf: (asset: number) => string | number;
}

/**
 * One page of what `select` visits in the order of a value of the assets, each one's worst first; a place is value, asset, severity, check,
 * and whether it is more than information. As pageByAsset it visits once to count, and then for as many assets as fill the page.
 */
export function pageByAssetValue(index: OrganizationIndex, wish: OrderWish, { select, valueOf }: AssetOrder): OrderedPage {
  const { limit, offset, after, turned } = wish;
  const { table } = index;
  let total = 0;
  select(({ size }) => (total += size));
  const placeOf = (dense: number): Place => [valueOf(dense), table.assets[dense]?.number ?? 0];
  const compare = (a: number, b: number): number => {
    // Asked for each of a large fleet: most differ in the value, and no places are made to compare them.
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one !== other) return one < other !== (turned[0] ?? false) ? -1 : 1;
    return comparePlaces(placeOf(a), placeOf(b), turned);
  };
  const first = after?.slice(0, 2);
  const all = table.all.toUint32Array();
  const left = first ? all.filter((dense) => comparePlaces(placeOf(dense), first, turned) >= 0) : all;
  const rows: { readonly place: Place; readonly check: number; readonly assetId: string }[] = [];
  let count = Math.max(fewestAssets, Math.ceil((table.all.size * (limit + offset)) / Math.max(total, 1)));
  for (let from = 0; from < left.length && rows.length < limit + offset; [from, count] = [from + count, count * 2]) {
    const block = firstSorted(left, from + count, compare).slice(from);
    const found = detectionsOf(block, select);
    for (const dense of block) {
      const items = found.get(dense) ?? [];
      const own = items.map(({ severity, check, confirmed }) => ({
        place: [...placeOf(dense), -severity, -check, -Number(confirmed)],
        check,
        assetId: table.assets[dense]?.assetId ?? '',
      }));
      const behind = own.filter(({ place }) => !after || comparePlaces(place, after, turned) > 0);
      rows.push(...behind.sort((a, b) => comparePlaces(a.place, b.place, turned)));
    }
  }
  const items = rows.slice(offset, offset + limit);
  return { total, items, last: items.length < limit ? null : (items.at(-1)?.place ?? null) };
}
