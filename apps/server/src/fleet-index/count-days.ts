import { RoaringBitmap32 } from 'roaring-wasm';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { PendingCounts } from './pending-counts.ts';
import type { BulkTransition } from './transition-log.ts';

const dayMs = 24 * 3600 * 1000;

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
  const withAsset = takeLater(index, select, { onEach, dayOf, add });
  for (let asset = 0; asset < withAsset.length; asset += 1) {
    const detections = withAsset[asset] ?? 0;
    if (detections > 0) add(dayOf(index.table.birth(asset)), detections);
  }
  const name = (day: number): string => (day === 0 ? 'earlier' : new Date((day + first - 1) * dayMs).toISOString().slice(0, 10));
  return days.flatMap((detections, day) => (detections > 0 ? [{ key: name(day), detections }] : []));
}

interface Days {
  readonly onEach: Float64Array;
  readonly dayOf: (at: number) => number;
  readonly add: (day: number, detections: number) => void;
}

/** Adds what began later than its asset to its days, and returns how much of each asset is left. */
function takeLater({ log, since }: OrganizationIndex, select: Select, { onEach, dayOf, add }: Days): Float64Array {
  const left = onEach.slice();
  const taken = new PendingCounts({
    countMany: (assets, _severity, change) => {
      for (const asset of assets) left[asset] = (left[asset] ?? 0) + change;
    },
  });
  const many = new Map<number, BulkTransition[]>();
  log.forEachMany(since, (one) => {
    if (one.from !== 0 || !one.first) return;
    const known = many.get(one.place);
    if (known) known.push(one);
    else many.set(one.place, [one]);
  });
  // The assets of what is selected are made when asked for: of most checks nothing came later.
  select((selected) => {
    log.forEachRunOf(selected.place, since, (run) => {
      for (let number = run.begin; number < run.end; number += 1) {
        const asset = run.asset(number);
        if (run.from(number) !== 0 || !run.isFirst(number) || !selected.assets.has(asset)) continue;
        left[asset] = (left[asset] ?? 0) - 1;
        add(dayOf(run.at(number)), 1);
      }
    });
    for (const { at, assets: found } of many.get(selected.place) ?? []) {
      const moved = RoaringBitmap32.and(found, selected.assets);
      taken.add(moved, 1, -1);
      add(dayOf(at), moved.size);
      moved.dispose();
    }
  });
  taken.settle();
  return left;
}
