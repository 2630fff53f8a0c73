import type { TransitionLog } from './transition-log.ts';
import type { TransitionRun } from './transition-run.ts';

/**
 * The assets of single transitions since a moment that are wanted, by the check's place; some may be there more than once. Put together in one
 * array: lists of their own for tens of thousands of checks take longer to make than to read.
 */
export function gatherAssets(
  log: TransitionLog,
  since: number,
  isWanted: (run: TransitionRun, number: number) => boolean,
): (place: number) => Uint32Array {
  const ends: number[] = [];
  log.forEachRun(since, (run) => {
    let count = 0;
    for (let number = run.begin; number < run.end; number += 1) if (isWanted(run, number)) count += 1;
    while (ends.length <= run.place) ends.push(0);
    ends[run.place] = (ends[run.place] ?? 0) + count;
  });
  // From how many there are of each to where they begin; to fill it moves each beginning to its end.
  let all = 0;
  for (const [place, count] of ends.entries()) {
    ends[place] = all;
    all += count;
  }
  const assets = new Uint32Array(all);
  log.forEachRun(since, (run) => {
    let end = ends[run.place] ?? 0;
    for (let number = run.begin; number < run.end; number += 1) if (isWanted(run, number)) assets[end++] = run.asset(number);
    ends[run.place] = end;
  });
  return (place) => assets.subarray(place === 0 ? 0 : ends[place - 1], ends[place] ?? 0);
}
