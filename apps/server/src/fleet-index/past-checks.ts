import { RoaringBitmap32 } from 'roaring-wasm';
import type { BornAssets } from './born-assets.ts';
import { CheckDetections, type Found, nothingGone } from './check-detections.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { PastGone } from './past-gone.ts';
import type { PastPackages } from './past-packages.ts';
import { PendingCounts } from './pending-counts.ts';

interface Then {
  readonly packages: PastPackages;
  /** Assets that were there. */
  readonly born: BornAssets;
  /** Null where nothing is known of times. */
  readonly gone: PastGone | null;
}

/** A check that speaks of others than now, or of package versions that some asset got or lost since. */
interface Other {
  readonly place: number;
  readonly severity: number;
  readonly now: Found | null;
}

/**
 * Says an index of the past, whose counts are those of now, where checks were found: each is looked at when it is asked for. It was on the same
 * assets as now where nobody got or lost since what it is about; the others are judged by what assets had, and counted anew, before
 * the first question for a count.
 */
export function enterPastChecks(index: OrganizationIndex, whole: OrganizationIndex, { packages, born, gone }: Then): void {
  const { book } = index;
  const others: Other[] = [];
  // Thousands of checks are about the same package versions. What is made here never changes, so that they share it.
  const alike = { asNow: new Map<number, Found>(), judged: new Map<number, Found>() };
  for (const [place, { severity }] of book.checks.entries()) {
    const found = whole.checks[place];
    const isSame = book.isSameIn(whole.book, place) && !packages.hasMoved(book.packagesOf(place));
    const now = found?.lend() ?? null;
    if (!isSame) others.push({ place, severity, now });
    const own = gone?.of(place) ?? nothingGone;
    if (isSame ? !now : book.packagesOf(place).size === 0) {
      if (own !== nothingGone) index.checks[place] = new CheckDetections(undefined, own);
      continue;
    }
    const known = isSame ? alike.asNow : alike.judged;
    index.checks[place] = new CheckDetections(() => {
      const subject = book.subjectOf(place);
      const then = known.get(subject) ?? (isSame && now ? among(now, born) : judge(index, place));
      known.set(subject, then);
      return then;
    }, own);
  }
  index.table.settleLater(() => countAnew(index, others, born));
}

function among({ open, information }: Found, born: BornAssets): Found {
  return { open: born.among(open), information: information && born.among(information) };
}

function judge({ book, packages }: OrganizationIndex, place: number): Found {
  const open = packages.assetsWithAny(book.packagesOf(place));
  if (!book.isMixed(place)) return { open, information: null };
  const sure = packages.assetsWithAny(book.surePackagesOf(place));
  const information = RoaringBitmap32.andNot(open, sure);
  sure.dispose();
  return { open, information };
}

/** Counts of assets that were not there are not among those of the index. */
function countAnew({ table, checks }: OrganizationIndex, others: readonly Other[], born: BornAssets): void {
  const counts = new PendingCounts(table);
  const count = ({ open, information }: Found, severity: number, change: number): void => {
    if (!information || information.isEmpty) return counts.add(open, severity, change);
    const sure = RoaringBitmap32.andNot(open, information);
    counts.add(sure, severity, change);
    counts.add(information, 1, change);
    sure.dispose();
  };
  for (const { place, severity, now } of others) {
    if (now) {
      const there = among(now, born);
      count(there, severity, -1);
      for (const bitmap of [there.open, there.information]) bitmap?.dispose();
    }
    const then = checks[place];
    if (then) count(then, severity, 1);
  }
  counts.settle();
}
