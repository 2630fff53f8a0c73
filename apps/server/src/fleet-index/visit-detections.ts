import { RoaringBitmap32 } from 'roaring-wasm';
import { Candidate, type LookedAt, Question } from './candidate.ts';
import { onAssets } from './detection-tests.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import { Selection, type Selected } from './selection.ts';
import { allOf, type DetectionTest, type Part, withAssets } from './where.ts';

interface Known {
  readonly likeness: number;
  readonly size: number;
}

/** Which detections a question is about. */
export interface DetectionWish {
  readonly test: DetectionTest;
  readonly lookedAt: LookedAt;
  /** At which it is asked, in ms since 1970. */
  readonly moment: number;
}

/** Visits the detections that pass a test, check by check, worst first. */
export function visitDetections(index: OrganizationIndex, wish: DetectionWish, visit: (selected: Selected) => void): void {
  using visits = new DetectionVisits(index, wish);
  visits.all(visit);
}

/**
 * The detections that pass a test, visited check by check, worst first, as often as is wanted. Thousands of checks are about the same package
 * versions and so on the same assets: what they have in common is worked out once. Use it before the next await.
 */
export class DetectionVisits implements Disposable {
  readonly #question: Question;
  readonly #wish: DetectionWish;
  readonly #known = new Map<string, Map<number, Known>>();
  #count = 0;

  constructor(index: OrganizationIndex, wish: DetectionWish) {
    this.#question = new Question(index, wish.lookedAt, wish.moment);
    this.#wish = wish;
  }

  /** All of them, or those on these assets; a function of its own, to be handed on. */
  readonly all: SelectWithin = (visit, within) => {
    if (within) return visitDetections(this.#question.index, this.#narrowedTo(within), visit);
    const { index } = this.#question;
    for (const ranked of index.book.ranking) {
      const detections = index.checks[ranked.place];
      if (!detections) continue;
      const candidate = new Candidate(this.#question, ranked, detections);
      if (candidate.knownSize !== 0) {
        const where = this.#wish.test(candidate);
        if (where === true) visitAll(candidate, this.#lookUp, visit);
        else if (where !== false) visitPart(candidate, where, this.#lookUp, visit);
      }
      candidate.dispose();
    }
  };

  #narrowedTo(assets: RoaringBitmap32): DetectionWish {
    return { ...this.#wish, test: allOf([this.#wish.test, onAssets(() => assets)]) };
  }

  [Symbol.dispose](): void {
    this.#question.dispose();
  }

  /** What is known of a part of the assets of all checks that are alike; null where it is a check's own. */
  readonly #lookUp: LookUp = (key, alike, sizeOf) => {
    if (key === null || alike === null) return null;
    const byLikeness = this.#known.get(key) ?? new Map<number, Known>();
    this.#known.set(key, byLikeness);
    const known = byLikeness.get(alike);
    if (known) return known;
    const found = { likeness: this.#count, size: sizeOf() };
    this.#count += 1;
    byLikeness.set(alike, found);
    return found;
  };
}

type LookUp = (key: string | null, alike: number | null, sizeOf: () => number) => Known | null;

function visitAll(candidate: Candidate, lookUp: LookUp, visit: (selected: Selected) => void): void {
  const { ranked, likeness: alike } = candidate;
  const sizeOf = (): number => candidate.knownSize ?? candidate.universe.size;
  const { likeness, size } = lookUp('all', alike, sizeOf) ?? { likeness: null, size: sizeOf() };
  if (size > 0) visit(new Selection(ranked, { size, likeness }, () => candidate.universe));
}

function visitPart(candidate: Candidate, part: Part, lookUp: LookUp, visit: (selected: Selected) => void): void {
  const { ranked, likeness: alike } = candidate;
  const made: RoaringBitmap32[] = [];
  const make = (): RoaringBitmap32 => {
    const assets = made[0] ?? assetsWithin(candidate, part);
    if (made.length === 0) made.push(assets);
    return assets;
  };
  // What is to hand is only counted.
  const sizeOf = (): number => (part.isNew ? make().size : candidate.universe.andCardinality(part.assets()));
  const { likeness, size } = lookUp(part.key, alike, sizeOf) ?? { likeness: null, size: sizeOf() };
  if (size > 0) visit(new Selection(ranked, { size, likeness }, make));
  for (const assets of made) assets.dispose();
}

/** A new bitmap, which the caller disposes. */
function assetsWithin(candidate: Candidate, part: Part): RoaringBitmap32 {
  if (part.isWithin && part.isNew) return part.assets();
  return withAssets(part, (some) => RoaringBitmap32.and(candidate.universe, some));
}
