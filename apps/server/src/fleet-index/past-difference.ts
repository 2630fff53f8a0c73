import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState } from './detection-history.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { BulkTransition } from './transition-log.ts';
import { fromOf, isFirstOf, kindOf, toOf, type TransitionRun } from './transition-run.ts';

/** What became of a detection between two moments, in the order in which it is counted. */
export const differences = ['new', 'reopened', 'fixed'] as const;
type Kind = 0 | 1 | 2;

interface Stretch {
  /** In ms since 1970; what is compared is what was found at these. */
  readonly from: number;
  readonly to: number;
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
  const after = stretch.to + 1;
  log.forEachMany(after, ({ place, assets, from, to }) => {
    if ((from === 0) === (to === 0)) return;
    const own = RoaringBitmap32.and(assets, born);
    hear(place, own.toUint32Array(), from === 0 ? -1 : 1);
    own.dispose();
  });
  const isBorn = new Uint8Array(born.maximum() + 1);
  for (const asset of born) isBorn[asset] = 1;
  log.forEachRun(after, (run) => {
    for (let number = run.begin; number < run.end; number += 1) {
      const [asset, from, to] = [run.asset(number), run.from(number), run.to(number)];
      if ((from === 0) !== (to === 0) && isBorn[asset] === 1) hear(run.place, [asset], from === 0 ? -1 : 1);
    }
  });
}

/**
 * Tells what the log says of the stretch alone, of whatever size the fleet is: on assets that were there at its beginning what came and
 * went; on those that came in it, of which all that was found at its end is counted as new, only what was found again.
 */
function tellChanged(index: OrganizationIndex, stretch: Stretch, hear: Hear): void {
  const { log, table } = index;
  const [since, until] = [stretch.from + 1, stretch.to];
  const born = bornWithin(index, stretch);
  const many = new Map<number, BulkTransition[]>();
  log.forEachMany(since, (one) => void many.set(one.place, [...(many.get(one.place) ?? []), one]), until);
  const places = new Set(many.keys());
  log.forEachRun(since, ({ place }) => void places.add(place), until);
  const courses = new Courses(table.assets.length);
  for (const place of places) {
    log.forEachRunOf(place, since, (run) => courses.take(run), until);
    const told = (many.get(place) ?? []).sort((a, b) => a.at - b.at);
    courses.takeMany(told);
    for (const asset of courses.assets) {
      const { from, to, again } = courses.of(asset);
      if (born.has(asset)) {
        if (!again || to === 0) continue;
        hear(place, 1, asset, 1);
        hear(place, 0, asset, -1);
      } else if (from === 0 && to !== 0) hear(place, again ? 1 : 0, asset, 1);
      else if (from !== 0 && to === 0) hear(place, 2, asset, 1);
    }
    tellMany(told, { single: courses.assets, born }, (kind, assets, change) => hear(place, kind, assets, change));
    courses.clear();
  }
  born.dispose();
}

/** What one check did to single assets in the stretch: where it began, where it ended, and whether it came back in between. */
class Courses {
  /** By asset, when the first and the last transition was, 0 for none. */
  readonly #begin: Float64Array;
  readonly #end: Float64Array;
  /** By asset, what the first one did, what the last one did, and whether any brought it back. */
  readonly #first: Uint8Array;
  readonly #last: Uint8Array;
  readonly #again: Uint8Array;
  readonly #assets: Uint32Array;
  #count = 0;

  constructor(assets: number) {
    [this.#begin, this.#end] = [new Float64Array(assets), new Float64Array(assets)];
    [this.#first, this.#last, this.#again] = [new Uint8Array(assets), new Uint8Array(assets), new Uint8Array(assets)];
    this.#assets = new Uint32Array(assets);
  }

  /** Those of which the check is told singly. */
  get assets(): Uint32Array {
    return this.#assets.subarray(0, this.#count);
  }

  take(run: TransitionRun): void {
    for (let number = run.begin; number < run.end; number += 1) this.#note(run.asset(number), run.at(number), run.kind(number));
  }

  /** What it did to these among others. */
  takeMany(many: readonly BulkTransition[]): void {
    for (const one of many) for (const asset of this.assets) if (one.assets.has(asset)) this.#note(asset, one.at, kindOf(one));
  }

  of(asset: number): { readonly from: FoundState; readonly to: FoundState; readonly again: boolean } {
    return {
      from: fromOf(this.#first[asset] ?? 0),
      to: toOf(this.#last[asset] ?? 0),
      again: this.#again[asset] === 1,
    };
  }

  clear(): void {
    for (const asset of this.assets) for (const column of [this.#begin, this.#end, this.#again]) column[asset] = 0;
    this.#count = 0;
  }

  #note(asset: number, at: number, kind: number): void {
    const begin = this.#begin[asset] ?? 0;
    if (begin === 0) this.#assets[this.#count++] = asset;
    if (begin === 0 || at < begin) [this.#begin[asset], this.#first[asset]] = [at, kind];
    if (at >= (this.#end[asset] ?? 0)) [this.#end[asset], this.#last[asset]] = [at, kind];
    if (fromOf(kind) === 0 && !isFirstOf(kind)) this.#again[asset] = 1;
  }
}

interface Others {
  /** Told already. */
  readonly single: Uint32Array;
  /** Assets that came in the stretch. */
  readonly born: RoaringBitmap32;
}

/** What knowledge changed on many assets at once, the oldest first. */
function tellMany(
  many: readonly BulkTransition[],
  { single, born }: Others,
  hear: (kind: Kind, assets: RoaringBitmap32, change: 1 | -1) => void,
): void {
  if (many.length === 0) return;
  const [touched, was, is, again] = Array.from({ length: 4 }, () => new RoaringBitmap32()) as Four; // so many are made
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
