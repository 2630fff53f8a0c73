import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import type { Selected } from './select-detections.ts';

const dayMs = 24 * 3600 * 1000;

/** First findings of one check that came later than the assets they are on. */
interface Later {
  /** Pairs of day and asset. */
  readonly single: number[];
  readonly many: { readonly day: number; readonly assets: RoaringBitmap32 }[];
}

/** Counts what `select` visits by the day (UTC) on which it was first found; what is older than the index knows, as `earlier`. */
export function countDays(
  index: OrganizationIndex,
  select: (visit: (selected: Selected) => void) => void,
): { readonly key: string; readonly detections: number }[] {
  const first = Math.floor(index.since / dayMs) + 1;
  const dayOf = (at: number): number => Math.max(0, Math.floor(at / dayMs) - first + 1);
  const counts: number[] = [];
  const add = (day: number, change: number): void => void (counts[day] = (counts[day] ?? 0) + change);
  // An asset's detections began when it was first heard of, unless the log says that they came later.
  const birthOf = (asset: number): number => dayOf(index.table.birth(asset));
  const ofAsset = new Float64Array(index.table.assets.length);
  const later = laterFindings(index, dayOf);
  select(({ place, assets }) => {
    for (const asset of assets.toUint32Array()) ofAsset[asset] = (ofAsset[asset] ?? 0) + 1;
    const { single, many } = later.get(place) ?? nothing;
    const move = (asset: number, day: number): void => {
      if (!assets.has(asset)) return;
      add(birthOf(asset), -1);
      add(day, 1);
    };
    for (let at = 0; at < single.length; at += 2) move(single[at + 1] ?? 0, single[at] ?? 0);
    for (const { day, assets: found } of many) {
      // Asset by asset, to ask whether it is selected would be most of the work.
      const moved = found.isSubset(assets) ? found : RoaringBitmap32.and(found, assets);
      for (const asset of moved.toUint32Array()) add(birthOf(asset), -1);
      add(day, moved.size);
      if (moved !== found) moved.dispose();
    }
  });
  for (const [asset, detections] of ofAsset.entries()) if (detections > 0) add(birthOf(asset), detections);
  const name = (day: number): string => (day === 0 ? 'earlier' : new Date((day + first - 1) * dayMs).toISOString().slice(0, 10));
  return counts.flatMap((detections, day) => (detections > 0 ? [{ key: name(day), detections }] : []));
}

const nothing: Later = { single: [], many: [] };

/** By the check's place. The bitmaps are the index's. */
function laterFindings(index: OrganizationIndex, dayOf: (at: number) => number): Map<number, Later> {
  const later = new Map<number, Later>();
  index.log.forEach(index.since, ({ at, place, assets, first }) => {
    if (!first) return;
    const known = later.get(place) ?? { single: [], many: [] };
    later.set(place, known);
    if (typeof assets === 'number') known.single.push(dayOf(at), assets);
    else known.many.push({ day: dayOf(at), assets });
  });
  return later;
}
