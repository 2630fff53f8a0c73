import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import type { Selected } from './select-detections.ts';

const dayMs = 24 * 3600 * 1000;

/** Counts what `select` visits by the day (UTC) on which it was first found; what is older than the index knows, as `earlier`. */
export function countDays(
  index: OrganizationIndex,
  select: (visit: (selected: Selected) => void) => void,
): { readonly key: string; readonly detections: number }[] {
  const first = Math.floor(index.since / dayMs) + 1;
  const dayOf = (at: number): number => Math.max(0, Math.floor(at / dayMs) - first + 1);
  // An asset's detections began when it was first heard of, unless the log says that they came later.
  const births = Int32Array.from(index.table.assets, (_, dense) => dayOf(index.table.birth(dense)));
  const later = new Map<number, { day: number; assets: number | RoaringBitmap32 }[]>();
  index.log.forEach(index.since, ({ at, place, assets, first: isFirst }) => {
    if (!isFirst) return;
    const list = later.get(place) ?? [];
    later.set(place, list);
    list.push({ day: dayOf(at), assets: typeof assets === 'number' ? assets : assets.clone() });
  });
  const counts = new Map<number, number>();
  const add = (day: number, change: number): void => void counts.set(day, (counts.get(day) ?? 0) + change);
  select(({ place, assets }) => {
    const born = new Map<number, number>();
    for (const asset of assets.toUint32Array()) born.set(births[asset] ?? 0, (born.get(births[asset] ?? 0) ?? 0) + 1);
    for (const [day, count] of born) add(day, count);
    for (const { day, assets: found } of later.get(place) ?? []) {
      for (const asset of typeof found === 'number' ? [found] : found.toUint32Array()) {
        if (!assets.has(asset)) continue;
        add(births[asset] ?? 0, -1);
        add(day, 1);
      }
    }
  });
  for (const list of later.values()) for (const { assets } of list) if (typeof assets !== 'number') assets.dispose();
  const name = (day: number): string => (day === 0 ? 'earlier' : new Date((day + first - 1) * dayMs).toISOString().slice(0, 10));
  return [...counts].filter(([, detections]) => detections > 0).map(([day, detections]) => ({ key: name(day), detections }));
}
