import { assetsInOrder } from './assets-in-order.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { Selected } from './selection.ts';

/** Where a detection stands in a list: by what lists sort. It keeps its place however many come and go around it. */
export interface DetectionPlace {
  readonly severity: number;
  readonly exploited: boolean;
  readonly epss: number | null;
  readonly check: number;
  /** As more than information. */
  readonly confirmed: boolean;
  /** The asset, as the database counts assets. */
  readonly asset: number;
}

export interface PageWish {
  readonly limit: number;
  readonly offset: number;
  /** Begin behind this place; `offset` counts from there. */
  readonly after?: DetectionPlace | undefined;
}

export interface DetectionPage {
  readonly total: number;
  readonly items: readonly { readonly check: number; readonly assetId: string }[];
  /** Place of the last one; null where the list ends with this page. */
  readonly last: DetectionPlace | null;
}

/** One page of what `select` visits, worst first and by asset, and how many there are in all. */
export function pageOfDetections(
  { table }: OrganizationIndex,
  { limit, offset, after }: PageWish,
  select: (visit: (selected: Selected) => void) => void,
): DetectionPage {
  const items: { check: number; assetId: string }[] = [];
  let [total, left] = [0, offset];
  let last: DetectionPlace | null = null;
  select((selected) => {
    const { check, severity, confirmed } = selected;
    total += selected.size;
    const order = after ? compareRanks(rankOf(selected), after) : 1;
    if (order < 0 || items.length >= limit) return;
    const behind = order === 0 && after ? after.asset : null;
    if (behind === null && selected.size <= left) {
      left -= selected.size;
      return;
    }
    const part = assetsInOrder(table, selected.assets, { behind, left, limit: limit - items.length });
    left = Math.max(0, left - part.behind);
    for (const dense of part.found) {
      const asset = table.assets[dense];
      if (!asset) continue;
      items.push({ check: check.number, assetId: asset.assetId });
      last = { severity, exploited: check.exploited, epss: check.epss, check: check.number, confirmed, asset: asset.number };
    }
  });
  return { total, items, last: items.length < limit ? null : last };
}

type Rank = Omit<DetectionPlace, 'asset'>;

function rankOf({ check: { number: check, exploited, epss }, severity, confirmed }: Selected): Rank {
  return { severity, exploited, epss, check, confirmed };
}

/** Negative for what lists show before this place, whatever the asset; 0 for the check of the place. */
export function compareRanks(rank: Rank, place: Rank): number {
  return (
    place.severity - rank.severity ||
    Number(place.exploited) - Number(rank.exploited) ||
    (place.epss ?? -1) - (rank.epss ?? -1) ||
    place.check - rank.check ||
    Number(place.confirmed) - Number(rank.confirmed)
  );
}
