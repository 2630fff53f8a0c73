import { RoaringBitmap32 } from 'roaring-wasm';
import type { IndexedAsset } from './asset-table.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { DetectionFilter, Selected } from './select-detections.ts';

export interface Group {
  readonly key: string;
  readonly detections: number;
  /** On how many different assets. */
  readonly assets: number;
}

type Select = (visit: (selected: Selected) => void) => void;

/** Counts what `select` visits by what is true of the whole check; `keysOf` says under which keys, and on which assets of the visit. */
export function countByCheck(
  select: Select,
  keysOf: (selected: Selected) => Iterable<readonly [key: string, assets: RoaringBitmap32]>,
): Group[] {
  const groups = new Map<string, { detections: number; assets: RoaringBitmap32 }>();
  select((selected) => {
    for (const [key, assets] of keysOf(selected)) {
      if (assets.isEmpty) continue;
      const group = groups.get(key) ?? { detections: 0, assets: new RoaringBitmap32() };
      groups.set(key, group);
      group.detections += assets.size;
      group.assets.orInPlace(assets);
    }
  });
  return [...groups].map(([key, { detections, assets }]) => {
    const count = assets.size;
    assets.dispose();
    return { key, detections, assets: count };
  });
}

/** Counts what `select` visits by what is true of the asset. */
export function countByAsset({ table }: OrganizationIndex, select: Select, keyOf: (asset: IndexedAsset) => string): Group[] {
  // Counted for each asset first: a bitmap of each key would have to be compared with each check.
  const counts = new Int32Array(table.assets.length);
  select(({ assets }) => {
    for (const asset of assets.toUint32Array()) counts[asset] = (counts[asset] ?? 0) + 1;
  });
  const groups = new Map<string, { detections: number; assets: number }>();
  for (const [dense, asset] of table.assets.entries()) {
    const detections = counts[dense] ?? 0;
    if (detections === 0) continue;
    const key = keyOf(asset);
    const group = groups.get(key) ?? { detections: 0, assets: 0 };
    groups.set(key, group);
    group.detections += detections;
    group.assets += 1;
  }
  return [...groups].map(([key, group]) => ({ key, ...group }));
}

/** The packages that make each visited check true, by a name of each version; one detection may count for several. */
export function packagesOf(
  index: OrganizationIndex,
  nameOf: (packageVersion: number) => string | undefined,
): (selected: Selected) => Iterable<readonly [string, RoaringBitmap32]> {
  return function* ({ place, assets }) {
    const byName = Map.groupBy(index.book.packagesOf(place), (id) => nameOf(id) ?? '');
    for (const [name, ids] of byName) {
      if (byName.size === 1) {
        yield [name, assets];
        return;
      }
      const having = index.packages.assetsWithAny(ids);
      having.andInPlace(assets);
      yield [name, having];
      having.dispose();
    }
  };
}

/** Filters that together select the same detections as one, each once, by status. */
export function byStatus(filter: DetectionFilter): (readonly [status: string, filter: DetectionFilter])[] {
  const open = ['new', 'active', 'reopened'] as const;
  const all = filter.status === 'all' ? [...open, 'fixed' as const] : filter.status === 'open' ? open : [filter.status];
  return all.map((status) => [status, { ...filter, status }] as const);
}
