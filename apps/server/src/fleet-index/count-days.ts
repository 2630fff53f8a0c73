import { RoaringBitmap32 } from 'roaring-wasm';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { PendingCounts } from './pending-counts.ts';

const dayMs = 24 * 3600 * 1000;

/** First findings of one check that came later than the assets they are on. */
interface Later {
  /** Pairs of day and asset. */
  readonly single: number[];
  readonly many: { readonly day: number; readonly assets: RoaringBitmap32 }[];
}

/**
 * Counts what `select` visits by the day (UTC) on which it was first found; what is older than the index knows, as `earlier`. `onEach`: how
 * many of it are on each asset. A set for each day would have to be compared with that of every check; to add up assets is a step for each.
 */
export function countDays(
  index: OrganizationIndex,
  select: Select,
  onEach: Float64Array,
): { readonly key: string; readonly detections: number }[] {
  const first = Math.floor(index.since / dayMs) + 1;
  const dayOf = (at: number): number => Math.max(0, Math.floor(at / dayMs) - first + 1);
  const days: number[] = [0];
  const add = (day: number, detections: number): void => void (days[day] = (days[day] ?? 0) + detections);
  // An asset's detections began when it was first heard of, unless the log says that they came later.
  const withAsset = takeLater(select, laterFindings(index, dayOf), { onEach, add });
  for (let asset = 0; asset < withAsset.length; asset += 1) {
    const detections = withAsset[asset] ?? 0;
    if (detections > 0) add(dayOf(index.table.birth(asset)), detections);
  }
  const name = (day: number): string => (day === 0 ? 'earlier' : new Date((day + first - 1) * dayMs).toISOString().slice(0, 10));
  return days.flatMap((detections, day) => (detections > 0 ? [{ key: name(day), detections }] : []));
}

/** Adds what began later than its asset to its days, and returns how much of each asset is left. */
function takeLater(
  select: Select,
  later: ReadonlyMap<number, Later>,
  { onEach, add }: { readonly onEach: Float64Array; readonly add: (day: number, detections: number) => void },
): Float64Array {
  const left = onEach.slice();
  if (later.size === 0) return left;
  const taken = new PendingCounts({
    countMany: (assets, _severity, change) => {
      for (const asset of assets) left[asset] = (left[asset] ?? 0) + change;
    },
  });
  select((selected) => {
    const known = later.get(selected.place);
    if (!known) return;
    const { assets } = selected;
    const { single, many } = known;
    for (let at = 0; at < single.length; at += 2) {
      const [day = 0, asset = 0] = [single[at], single[at + 1]];
      if (!assets.has(asset)) continue;
      left[asset] = (left[asset] ?? 0) - 1;
      add(day, 1);
    }
    for (const { day, assets: found } of many) {
      const moved = RoaringBitmap32.and(found, assets);
      taken.add(moved, 1, -1);
      add(day, moved.size);
      moved.dispose();
    }
  });
  taken.settle();
  return left;
}

/** By the check's place. The bitmaps are the index's. */
function laterFindings(index: OrganizationIndex, dayOf: (at: number) => number): Map<number, Later> {
  const later = new Map<number, Later>();
  index.log.forEach(index.since, ({ at, place, assets, from, first }) => {
    if (from !== 0 || !first) return;
    const known = later.get(place) ?? { single: [], many: [] };
    later.set(place, known);
    if (typeof assets === 'number') known.single.push(dayOf(at), assets);
    else known.many.push({ day: dayOf(at), assets });
  });
  return later;
}
