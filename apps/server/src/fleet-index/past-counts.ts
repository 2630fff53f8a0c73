import type { OrganizationIndex } from './organization-index.ts';
import { ApiError } from '../http/api-error.ts';
import { type Excepted, nothingExcepted } from './excepted.ts';
import type { CountOf } from './select-assets.ts';

const severityCount = 5;

/**
 * Open detections of each asset now or at a moment, of which exceptions covered `excepted` then; null for one before the index's window. Use
 * it before the next await.
 */
export function countsAt(index: OrganizationIndex, past: Date | null, excepted: Excepted = nothingExcepted): CountOf | null {
  const { table, since } = index;
  if (past === null) return (asset, severity) => table.countOf(asset, severity);
  const moment = past.getTime();
  if (moment < since) return null;
  const counts = foundAt(index, moment);
  const coveredOf: CountOf = (asset, severity) => excepted.counts?.[asset * severityCount + severity - 1] ?? 0;
  return (asset, severity) => (table.birth(asset) > moment ? 0 : counts(asset, severity) - coveredOf(asset, severity));
}

export function tooOld({ since }: OrganizationIndex): ApiError {
  const day = new Date(since).toISOString().slice(0, 10);
  return new ApiError(
    'BAD_REQUEST',
    `query: assets are chosen by their detections as of moments since ${day}; before, they are listed`,
  );
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
  log.forEach(moment, ({ at, place, assets, from, to }) => {
    if (at <= moment) return;
    const own = book.checks[place]?.severity ?? 1;
    for (const asset of typeof assets === 'number' ? [assets] : assets.toUint32Array()) {
      if (from !== 0) undo(asset, from === 2 ? own : 1, 1);
      if (to !== 0) undo(asset, to === 2 ? own : 1, -1);
    }
  });
  return (asset, severity) => table.countFound(asset, severity) + (changes[asset * severityCount + severity - 1] ?? 0);
}
