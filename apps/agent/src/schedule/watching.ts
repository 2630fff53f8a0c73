import type { Watch } from '@vedette/collectors';
import type { WatchWay } from '@vedette/host';
import type { Watching } from '@vedette/protocol';

type Ways = ReadonlyMap<Watch, WatchWay>;

/** For the platform. */
export function countWays(ways: Ways): Watching {
  const counts = { fanotify: 0, inotify: 0, kernel: 0, polling: 0 };
  for (const way of ways.values()) counts[way] += 1;
  return counts;
}

/** For people on the host: what is watched in each way. */
export function pathsByWay(ways: Ways): Partial<Record<WatchWay, Watch[]>> {
  const byWay = Map.groupBy(ways, ([, way]) => way);
  return Object.fromEntries([...byWay].map(([way, entries]) => [way, entries.map(([watch]) => watch).toSorted()]));
}

/** One line for people: the counts, and by name what is only looked at, because that is seen late. */
export function describeWatching(watching: Partial<Record<WatchWay, readonly Watch[]>>): string {
  const parts = Object.entries(watching).map(([way, watches]) =>
    way === 'polling' ? `${watches.length} by looking (${watches.join(', ')})` : `${watches.length} by ${way}`,
  );
  return `watches ${parts.join(', ') || 'nothing'}`;
}
