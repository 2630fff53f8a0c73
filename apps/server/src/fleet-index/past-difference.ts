import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState, Transition } from './detection-history.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** What became of a detection between two moments, in the order in which it is counted. */
export const differences = ['new', 'reopened', 'fixed'] as const;
type Kind = 0 | 1 | 2;

interface Stretch {
  /** In ms since 1970; what is compared is what was found at these. */
  readonly from: number;
  readonly to: number;
}

/** Transitions of one check in the stretch. */
interface Told {
  /** Of single assets: time, asset, states before and after, and whether it was the first, one after the other. */
  readonly single: number[];
  readonly many: (Transition & { readonly assets: RoaringBitmap32 })[];
}

/** What one check did to one asset in the stretch: where it began, where it ended, and whether it came back in between. */
interface Course {
  begin: number;
  from: FoundState;
  end: number;
  to: FoundState;
  again: boolean;
}

/** Hears of what changed of one check, on one asset or on many; the bitmap is the teller's. */
type Hear = (place: number, kind: Kind, assets: number | RoaringBitmap32, change: 1 | -1) => void;

/** Three counts for each asset, by its dense number: those that came, came back and went. */
export function differenceByAsset(index: OrganizationIndex, stretch: Stretch): Int32Array {
  const { table } = index;
  const counts = new Int32Array(table.assets.length * differences.length);
  const count = (asset: number, kind: Kind, change: number): void => {
    const at = asset * differences.length + kind;
    counts[at] = (counts[at] ?? 0) + change;
  };
  // All that was found at its end on assets that came in the stretch: what is found now, without what came later.
  const born = bornWithin(index, stretch);
  for (const asset of born.toUint32Array()) {
    for (let severity = 1; severity <= 5; severity += 1) count(asset, 0, table.countFound(asset, severity));
  }
  tellLater(index, { stretch, born }, (_, assets, change) => {
    for (const asset of assets) count(asset, 0, change);
  });
  born.dispose();
  tellChanged(index, stretch, (_, kind, assets, change) => {
    if (typeof assets === 'number') return count(assets, kind, change);
    for (const asset of assets.toUint32Array()) count(asset, kind, change);
  });
  return counts;
}

/** The same for each check, by its place in the book. */
export function differenceByCheck(index: OrganizationIndex, stretch: Stretch): Int32Array {
  const { table, checks, book } = index;
  const counts = new Int32Array(book.checks.length * differences.length);
  const count = (place: number, kind: Kind, change: number): void => {
    const at = place * differences.length + kind;
    counts[at] = (counts[at] ?? 0) + change;
  };
  const born = bornWithin(index, stretch);
  if (!born.isEmpty) {
    const [before, after] = [table.bornBy(stretch.from), table.bornBy(stretch.to)];
    for (const [place, found] of checks.entries()) if (found) count(place, 0, after.count(found.open) - before.count(found.open));
    tellLater(index, { stretch, born }, (place, assets, change) => count(place, 0, change * assets.length));
    before.dispose();
    after.dispose();
  }
  born.dispose();
  tellChanged(index, stretch, (place, kind, assets, change) => {
    count(place, kind, change * (typeof assets === 'number' ? 1 : assets.size));
  });
  return counts;
}

/** A new bitmap of the assets that came in the stretch. */
function bornWithin({ table }: OrganizationIndex, { from, to }: Stretch): RoaringBitmap32 {
  const [born, later] = [table.bornSince(from + 1), table.bornSince(to + 1)];
  born.andNotInPlace(later);
  later.dispose();
  return born;
}

/** Tells what came and went on these assets after the stretch, to be undone: 1 for what was found, -1 for what was not. */
function tellLater(
  { log }: OrganizationIndex,
  { stretch, born }: { readonly stretch: Stretch; readonly born: RoaringBitmap32 },
  hear: (place: number, assets: ArrayLike<number> & Iterable<number>, change: 1 | -1) => void,
): void {
  if (born.isEmpty) return;
  log.forEach(stretch.to, ({ at, place, assets, from, to }) => {
    if (at <= stretch.to || (from === 0) === (to === 0)) return;
    const change = from === 0 ? -1 : 1;
    if (typeof assets === 'number') {
      if (born.has(assets)) hear(place, [assets], change);
      return;
    }
    const own = RoaringBitmap32.and(assets, born);
    hear(place, own.toUint32Array(), change);
    own.dispose();
  });
}

/**
 * Tells what the log says of the stretch alone, of whatever size the fleet is: on assets that were there at its beginning what came and
 * went; on those that came in it, of which all that was found at its end is counted as new, only what was found again.
 */
function tellChanged(index: OrganizationIndex, stretch: Stretch, hear: Hear): void {
  const born = bornWithin(index, stretch);
  for (const [place, told] of toldWithin(index, stretch)) {
    const courses = coursesOf(told);
    for (const [asset, { from, to, again }] of courses) {
      if (born.has(asset)) {
        if (!again || to === 0) continue;
        hear(place, 1, asset, 1);
        hear(place, 0, asset, -1);
      } else if (from === 0 && to !== 0) hear(place, again ? 1 : 0, asset, 1);
      else if (from !== 0 && to === 0) hear(place, 2, asset, 1);
    }
    tellMany(told, { courses, born }, (kind, assets, change) => hear(place, kind, assets, change));
  }
  born.dispose();
}

/** By the check's place. */
function toldWithin({ log }: OrganizationIndex, { from: begin, to: end }: Stretch): Map<number, Told> {
  const byPlace = new Map<number, Told>();
  log.forEach(begin, ({ at, place, assets, from, to, first }) => {
    if (at <= begin || at > end) return;
    let told = byPlace.get(place);
    if (!told) byPlace.set(place, (told = { single: [], many: [] }));
    if (typeof assets === 'number') told.single.push(at, assets, from, to, Number(first));
    else told.many.push({ at, assets, from, to, first });
  });
  for (const { many } of byPlace.values()) many.sort((a, b) => a.at - b.at);
  return byPlace;
}

/** Of the assets of which the check is told singly, also what it did to them among others. */
function coursesOf({ single, many }: Told): Map<number, Course> {
  const courses = new Map<number, Course>();
  const note = (asset: number, { at, from, to, first }: Transition): void => {
    const again = from === 0 && !first;
    const known = courses.get(asset);
    if (!known) {
      courses.set(asset, { begin: at, from, end: at, to, again });
      return;
    }
    if (at < known.begin) [known.begin, known.from] = [at, from];
    if (at >= known.end) [known.end, known.to] = [at, to];
    known.again ||= again;
  };
  for (let index = 0; index < single.length; index += 5) {
    const [from, to] = [single[index + 2], single[index + 3]] as [FoundState, FoundState]; // as they were put there
    note(single[index + 1] ?? 0, { at: single[index] ?? 0, from, to, first: single[index + 4] === 1 });
  }
  if (many.length === 0) return courses;
  for (const asset of courses.keys()) for (const one of many) if (one.assets.has(asset)) note(asset, one);
  return courses;
}

interface Others {
  /** Told already. */
  readonly courses: ReadonlyMap<number, Course>;
  /** Assets that came in the stretch. */
  readonly born: RoaringBitmap32;
}

/** What knowledge changed on many assets at once, the oldest first. */
function tellMany(
  { many }: Told,
  { courses, born }: Others,
  hear: (kind: Kind, assets: RoaringBitmap32, change: 1 | -1) => void,
): void {
  if (many.length === 0) return;
  const [touched, was, is, again] = Array.from({ length: 4 }, () => new RoaringBitmap32()) as Four; // so many are made
  const single = [...courses.keys()];
  for (const { assets, from, to, first } of many) {
    const own = new RoaringBitmap32(assets);
    own.removeMany(single);
    if (from !== 0) {
      const begun = RoaringBitmap32.andNot(own, touched);
      was.orInPlace(begun);
      begun.dispose();
    } else if (!first) again.orInPlace(own);
    if (to === 0) is.andNotInPlace(own);
    else is.orInPlace(own);
    touched.orInPlace(own);
    own.dispose();
  }
  const gone = RoaringBitmap32.andNot(was, is);
  // What it was at the beginning is nothing on assets that were not there.
  gone.andNotInPlace(born);
  if (!gone.isEmpty) hear(2, gone, 1);
  again.andInPlace(is);
  const back = RoaringBitmap32.andNot(again, was);
  const bornAgain = RoaringBitmap32.and(again, born);
  back.orInPlace(bornAgain);
  if (!back.isEmpty) hear(1, back, 1);
  if (!bornAgain.isEmpty) hear(0, bornAgain, -1);
  is.andNotInPlace(was);
  is.andNotInPlace(born);
  is.andNotInPlace(again);
  if (!is.isEmpty) hear(0, is, 1);
  for (const bitmap of [touched, was, is, again, gone, back, bornAgain]) bitmap.dispose();
}

type Four = [RoaringBitmap32, RoaringBitmap32, RoaringBitmap32, RoaringBitmap32];
