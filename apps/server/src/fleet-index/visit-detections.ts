import { RoaringBitmap32 } from 'roaring-wasm';
import { Candidate, type LookedAt, Question } from './candidate.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { Selection, type Selected } from './selection.ts';
import { type DetectionTest, type Part, withAssets } from './where.ts';

interface Known {
  readonly likeness: number;
  readonly size: number;
}

/**
 * Visits the detections that pass a test, check by check, worst first. Thousands of checks are about the same package versions and so
 * on the same assets: what they have in common is worked out once. `moment`: at which it is asked, in ms since 1970.
 */
export function visitDetections(
  index: OrganizationIndex,
  { test, lookedAt, moment }: { readonly test: DetectionTest; readonly lookedAt: LookedAt; readonly moment: number },
  visit: (selected: Selected) => void,
): void {
  const question = new Question(index, lookedAt, moment);
  const known = new Map<string, Map<number, Known>>();
  let count = 0;
  /** What is known of a part of the assets of all checks that are alike; null where it is a check's own. */
  const lookUp = (key: string | null, alike: number | null, sizeOf: () => number): Known | null => {
    if (key === null || alike === null) return null;
    const byLikeness = known.get(key) ?? new Map<number, Known>();
    known.set(key, byLikeness);
    const found = byLikeness.get(alike) ?? { likeness: count++, size: sizeOf() };
    byLikeness.set(alike, found);
    return found;
  };
  for (const ranked of index.book.ranking) {
    const detections = index.checks[ranked.place];
    if (!detections) continue;
    const candidate = new Candidate(question, ranked, detections);
    if (candidate.knownSize !== 0) {
      const where = test(candidate);
      if (where === true) visitAll(candidate, lookUp, visit);
      else if (where !== false) visitPart(candidate, where, lookUp, visit);
    }
    candidate.dispose();
  }
  question.dispose();
}

type LookUp = (key: string | null, alike: number | null, sizeOf: () => number) => Known | null;

function visitAll(candidate: Candidate, lookUp: LookUp, visit: (selected: Selected) => void): void {
  const { ranked, likeness: alike } = candidate;
  const sizeOf = (): number => candidate.knownSize ?? candidate.universe.size;
  const { likeness, size } = lookUp('all', alike, sizeOf) ?? { likeness: null, size: sizeOf() };
  if (size > 0) visit(new Selection(ranked, { size, likeness }, () => candidate.universe));
}

function visitPart(candidate: Candidate, part: Part, lookUp: LookUp, visit: (selected: Selected) => void): void {
  const { ranked, universe, likeness: alike } = candidate;
  const made: RoaringBitmap32[] = [];
  const make = (): RoaringBitmap32 => {
    const assets = made[0] ?? withAssets(part, (some) => RoaringBitmap32.and(universe, some));
    if (made.length === 0) made.push(assets);
    return assets;
  };
  // What is to hand is only counted.
  const sizeOf = (): number => (part.isNew ? make().size : universe.andCardinality(part.assets()));
  const { likeness, size } = lookUp(part.key, alike, sizeOf) ?? { likeness: null, size: sizeOf() };
  if (size > 0) visit(new Selection(ranked, { size, likeness }, make));
  for (const assets of made) assets.dispose();
}
