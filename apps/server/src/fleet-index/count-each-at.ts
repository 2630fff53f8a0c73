import type { OrganizationIndex } from './organization-index.ts';
import type { Excepted } from './excepted.ts';
import type { CountOf } from './select-assets.ts';

const severityCount = 5;

/**
 * Open detections of each asset at a moment within the index's window, of which exceptions covered `excepted` then. Use it before the next
 * await.
 */
export function countEachAt(index: OrganizationIndex, moment: number, excepted: Excepted): CountOf {
  const { table } = index;
  const counts = foundAt(index, moment);
  const coveredOf: CountOf = (asset, severity) => excepted.counts?.[asset * severityCount + severity - 1] ?? 0;
  return (asset, severity) => (table.birth(asset) > moment ? 0 : counts(asset, severity) - coveredOf(asset, severity));
}

/**
 * What was found on each asset at a moment within the index's window, excepted or not: what is now, with everything undone that came and
 * went since. Of assets that were not there yet it means nothing.
 */
function foundAt({ table, log, book }: OrganizationIndex, moment: number): CountOf {
  const changes = new Int32Array(table.assets.length * severityCount);
  const undo = (asset: number, severity: number, change: number): void => {
    const at = asset * severityCount + severity - 1;
    changes[at] = (changes[at] ?? 0) + change;
  };
  const severityOf = (place: number): number => book.checks[place]?.severity ?? 1;
  log.forEachMany(moment + 1, ({ place, assets, from, to }) => {
    const own = severityOf(place);
    for (const asset of assets.toUint32Array()) {
      if (from !== 0) undo(asset, from === 2 ? own : 1, 1);
      if (to !== 0) undo(asset, to === 2 ? own : 1, -1);
    }
  });
  log.forEachRun(moment + 1, (run) => {
    const own = severityOf(run.place);
    for (let number = run.begin; number < run.end; number += 1) {
      const [asset, from, to] = [run.asset(number), run.from(number), run.to(number)];
      if (from !== 0) undo(asset, from === 2 ? own : 1, 1);
      if (to !== 0) undo(asset, to === 2 ? own : 1, -1);
    }
  });
  return (asset, severity) => table.countFound(asset, severity) + (changes[asset * severityCount + severity - 1] ?? 0);
}
