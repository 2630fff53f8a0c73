import { RoaringBitmap32 } from 'roaring-wasm';
import type { IndexedAsset } from './asset-table.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { DetectionFilter } from './select-detections.ts';
import type { Selected } from './selection.ts';

export interface Group {
  readonly key: string;
  readonly detections: number;
  /** On how many different assets. */
  readonly assets: number;
}

/** Visits what is counted; whenever it is asked, the same. */
export type Select = (visit: (selected: Selected) => void) => void;

/** Counts what `select` visits by what is true of the whole check, and on how many assets. */
export function countByCheck(select: Select, keyOf: (selected: Selected) => string): Group[] {
  const groups = new Map<string, { detections: number; assets: RoaringBitmap32; seen: Set<number> }>();
  select((selected) => {
    const key = keyOf(selected);
    const group = groups.get(key) ?? { detections: 0, assets: new RoaringBitmap32(), seen: new Set() };
    groups.set(key, group);
    group.detections += selected.size;
    if (isFirst(selected, group.seen)) group.assets.orInPlace(selected.assets);
  });
  return ended(groups);
}

/** Counts what `select` visits by the check itself: no two of its detections are on one asset. */
export function countChecks(select: Select): Group[] {
  const counts = new Map<number, number>();
  select(({ check, size }) => void counts.set(check.number, (counts.get(check.number) ?? 0) + size));
  return Array.from(counts, ([number, count]) => ({ key: `${number}`, detections: count, assets: count }));
}

/** Counts what `select` visits by the packages that make it true, by a name of each version; one detection may count for several. */
export function countByPackage(
  { book, packages }: OrganizationIndex,
  select: Select,
  nameOf: (packageVersion: number) => string | undefined,
): Group[] {
  const groups = new Map<string, { detections: number; assets: RoaringBitmap32 }>();
  const add = (name: string, assets: RoaringBitmap32): readonly [string, number] => {
    const group = groups.get(name) ?? { detections: 0, assets: new RoaringBitmap32() };
    groups.set(name, group);
    group.assets.orInPlace(assets);
    return [name, assets.size];
  };
  const namesOf = (selected: Selected): (readonly [string, number])[] => {
    const byName = [...Map.groupBy(book.packagesOf(selected.place), (id) => nameOf(id) ?? '')];
    if (byName.length === 1) return byName.map(([name]) => add(name, selected.assets));
    return byName.map(([name, ids]) => {
      const having = packages.assetsWithAny(ids);
      having.andInPlace(selected.assets);
      const counted = add(name, having);
      having.dispose();
      return counted;
    });
  };
  const known = new Map<number, (readonly [string, number])[]>();
  select((selected) => {
    const { likeness } = selected;
    const counted = (likeness === null ? undefined : known.get(likeness)) ?? namesOf(selected);
    if (likeness !== null) known.set(likeness, counted);
    for (const [name, detections] of counted) {
      const group = groups.get(name);
      if (group) group.detections += detections;
    }
  });
  return ended(groups).filter(({ detections }) => detections > 0);
}

function ended(groups: ReadonlyMap<string, { readonly detections: number; readonly assets: RoaringBitmap32 }>): Group[] {
  return Array.from(groups, ([key, { detections, assets }]) => {
    const count = assets.size;
    assets.dispose();
    return { key, detections, assets: count };
  });
}

/**
 * How many detections `select` visits on each asset, by its dense number. Asset by asset: sets in order are gone through faster than bitmaps
 * of groups are compared with them.
 */
export function countEachAsset({ table }: OrganizationIndex, select: Select): Float64Array {
  const counts = new Float64Array(table.assets.length);
  visitOnce(select, ({ assets }, times) => {
    const list = assets.toUint32Array();
    // By number: an iterator takes several times as long, and there may be a hundred million.
    for (let at = 0; at < list.length; at += 1) {
      const asset = list[at] ?? 0;
      counts[asset] = (counts[asset] ?? 0) + times;
    }
  });
  return counts;
}

/** Counts by asset, added up by what is true of the asset. */
export function groupAssets({ table }: OrganizationIndex, counts: Float64Array, keyOf: (asset: IndexedAsset) => string): Group[] {
  const groups = new Map<string, { key: string; detections: number; assets: number }>();
  for (const [asset, entry] of table.assets.entries()) {
    const detections = counts[asset] ?? 0;
    if (detections === 0) continue;
    const key = keyOf(entry);
    const group = groups.get(key) ?? { key, detections: 0, assets: 0 };
    if (group.assets === 0) groups.set(key, group);
    group.detections += detections;
    group.assets += 1;
  }
  return [...groups.values()];
}

/** Visits of those that are on the same assets the first one, with the number of all of them: where they are then costs once. */
function visitOnce(select: Select, visit: (selected: Selected, times: number) => void): void {
  const times = new Map<number, number>();
  select(({ likeness }) => void (likeness !== null && times.set(likeness, (times.get(likeness) ?? 0) + 1)));
  const seen = new Set<number>();
  select((selected) => {
    const { likeness } = selected;
    if (isFirst(selected, seen)) visit(selected, likeness === null ? 1 : (times.get(likeness) ?? 1));
  });
}

/** Whether none that is on the same assets was seen before. */
export function isFirst({ likeness }: Selected, seen: Set<number>): boolean {
  if (likeness === null) return true;
  if (seen.has(likeness)) return false;
  seen.add(likeness);
  return true;
}

/** Filters that together select the same detections as one, each once, by status. */
export function byStatus(filter: DetectionFilter): (readonly [status: string, filter: DetectionFilter])[] {
  const open = ['new', 'active', 'reopened'] as const;
  const all = filter.status === 'all' ? [...open, 'fixed' as const] : filter.status === 'open' ? open : [filter.status];
  return all.map((status) => [status, { ...filter, status }] as const);
}
