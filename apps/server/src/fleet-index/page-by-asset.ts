import { RoaringBitmap32 } from 'roaring-wasm';
import type { AssetTable } from './asset-table.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { compareRanks, type DetectionPage, type DetectionPlace, type PageWish } from './page-of-detections.ts';
import type { Selected } from './selection.ts';

/** Visits the detections that fit, check by check, worst first; on these assets alone where they are given. */
export type SelectWithin = (visit: (selected: Selected) => void, within?: RoaringBitmap32) => void;

type Item = Omit<DetectionPlace, 'asset'>;

export const fewestAssets = 16;

/**
 * One page of what `select` visits, asset by asset as the database counts them, each one's worst first: the order in which a whole fleet
 * is read at the least cost, because the history of an asset is then read once. Visits once to count, and once for so many assets as the
 * page probably needs, then for twice as many until it is full.
 */
export function pageByAsset(
  { table }: OrganizationIndex,
  { limit, offset, after }: PageWish,
  select: SelectWithin,
): DetectionPage {
  let total = 0;
  select(({ size }) => (total += size));
  const order = inNumberOrder(table, after?.asset ?? 0);
  const items: { check: number; assetId: string }[] = [];
  let [left, last] = [offset, null as DetectionPlace | null];
  let count = Math.max(fewestAssets, Math.ceil((table.all.size * (limit + offset)) / Math.max(total, 1)));
  for (let from = 0; from < order.length && items.length < limit; [from, count] = [from + count, count * 2]) {
    const block = order.slice(from, from + count);
    const found = detectionsOf(block, select);
    for (const dense of block) {
      const asset = table.assets[dense];
      if (!asset) continue;
      const isBegun = after?.asset === asset.number;
      for (const item of found.get(dense) ?? []) {
        if (items.length >= limit) break;
        if (isBegun && compareRanks(item, after) <= 0) continue;
        left -= 1;
        if (left >= 0) continue;
        items.push({ check: item.check, assetId: asset.assetId });
        last = { ...item, asset: asset.number };
      }
    }
  }
  return { total, items, last: items.length < limit ? null : last };
}

/** Dense numbers of the assets from this one on. */
function inNumberOrder({ assets, isInNumberOrder }: AssetTable, first: number): number[] {
  const found = assets.flatMap(({ number }, dense) => (number >= first ? [dense] : []));
  return isInNumberOrder ? found : found.sort((a, b) => (assets[a]?.number ?? 0) - (assets[b]?.number ?? 0));
}

/** The detections of these assets, each one's in the order in which they are visited. */
export function detectionsOf(assets: readonly number[], select: SelectWithin): Map<number, Item[]> {
  const found = new Map<number, Item[]>();
  const within = new RoaringBitmap32(assets);
  const alike = new Map<number, Uint32Array>();
  select((selected) => {
    const { likeness, severity, confirmed } = selected;
    const { number: check, exploited, epss } = selected.check;
    const item = { severity, exploited, epss, check, confirmed };
    const on = (likeness === null ? undefined : alike.get(likeness)) ?? selected.assets.toUint32Array();
    if (likeness !== null) alike.set(likeness, on);
    for (const dense of on) {
      const known = found.get(dense);
      if (known) known.push(item);
      else found.set(dense, [item]);
    }
  }, within);
  within.dispose();
  return found;
}
