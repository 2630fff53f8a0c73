import { RoaringBitmap32 } from 'roaring-wasm';
import { CheckDetections } from './check-detections.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { PendingCounts } from './pending-counts.ts';

interface Then {
  /** Assets that were not there. */
  readonly unborn: RoaringBitmap32;
  /** Package versions that some asset got or lost since. */
  readonly moved: ReadonlySet<number>;
}

/**
 * Takes over into an index of the past, whose counts are those of now, what was found on the same assets as now: checks about the same
 * package versions as now, which nobody got or lost since. The others are taken out of the counts; their places are returned, to be judged.
 */
export function copyFound(index: OrganizationIndex, whole: OrganizationIndex, { unborn, moved }: Then): number[] {
  const counts = new PendingCounts(index.table);
  // Thousands of checks are about the same package versions. What is made here never changes, so that they share it.
  const bySubject = new Map<number, CheckDetections>();
  const others: number[] = [];
  for (const [place, { severity }] of whole.book.checks.entries()) {
    const now = whole.checks[place];
    if (!index.book.isSameIn(whole.book, place) || hasAny(whole.book.packagesOf(place), moved)) {
      others.push(place);
      if (now) discount(now, { severity, unborn, counts });
    } else if (now && !now.open.isEmpty) {
      const subject = whole.book.subjectOf(place);
      const then = bySubject.get(subject) ?? without(now, unborn);
      bySubject.set(subject, then);
      const gone = index.checks[place];
      if (gone) [gone.open, gone.information] = [then.open, then.information];
      else index.checks[place] = then;
    }
  }
  counts.settle();
  return others;
}

function hasAny(ids: ReadonlySet<number>, some: ReadonlySet<number>): boolean {
  for (const id of ids) if (some.has(id)) return true;
  return false;
}

function without({ open, information }: CheckDetections, assets: RoaringBitmap32): CheckDetections {
  return new CheckDetections(RoaringBitmap32.andNot(open, assets), information && RoaringBitmap32.andNot(information, assets));
}

/** Counts of assets that were not there are not among those of the index. */
function discount(
  now: CheckDetections,
  { severity, unborn, counts }: Pick<Then, 'unborn'> & { readonly severity: number; readonly counts: PendingCounts },
): void {
  const then = without(now, unborn);
  if (then.information) {
    then.open.andNotInPlace(then.information);
    counts.add(then.information, 1, -1);
  }
  counts.add(then.open, severity, -1);
  then.dispose();
}
