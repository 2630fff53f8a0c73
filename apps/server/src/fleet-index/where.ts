import { RoaringBitmap32 } from 'roaring-wasm';
import type { Candidate } from './candidate.ts';

/** On some of the assets on which a check is looked for, told when somebody asks. */
export interface Part {
  /**
   * Of one question, what has the same key is on the same assets for all checks of a subject; null where a check's own history decides.
   * Unique among what one test answers.
   */
  readonly key: string | null;
  /** Whether who asks for the assets disposes of them. */
  readonly isNew: boolean;
  /** Whether all of it is where the check is looked for. */
  readonly isWithin: boolean;
  readonly assets: () => RoaringBitmap32;
}

/** Where something holds for one check: everywhere or nowhere it is looked for, or on a part of it. */
export type Where = boolean | Part;

/** A test of the detections of one check. Makes no bitmap before its answer is asked for its assets. */
export type DetectionTest = (candidate: Candidate) => Where;

/** A part that is made anew each time. */
export function partOf(key: string | null, make: () => RoaringBitmap32): Part {
  return { key, isNew: true, isWithin: false, assets: make };
}

/** The same of what is nowhere but where the check is looked for. */
export function partWithin(key: string | null, make: () => RoaringBitmap32): Part {
  return { key, isNew: true, isWithin: true, assets: make };
}

/** Gives the assets of a part to `use` and disposes of them where they are nobody else's. */
export function withAssets<Result>({ assets, isNew }: Part, use: (assets: RoaringBitmap32) => Result): Result {
  const all = assets();
  const result = use(all);
  if (isNew) all.dispose();
  return result;
}

/** Where all hold. */
export function allOf(tests: readonly DetectionTest[]): DetectionTest {
  return (candidate) => combined(tests, candidate, false);
}

/** Where one of them holds. */
export function anyOf(tests: readonly DetectionTest[]): DetectionTest {
  return (candidate) => combined(tests, candidate, true);
}

/** Where it does not hold, of where the check is looked for. */
export function not(test: DetectionTest): DetectionTest {
  return (candidate) => {
    const where = test(candidate);
    if (typeof where === 'boolean') return !where;
    const key = where.key === null ? null : `!${where.key}`;
    return partWithin(key, () => withAssets(where, (assets) => RoaringBitmap32.andNot(candidate.universe, assets)));
  };
}

/** Stops where the outcome is known, `decisive`. Keys name parts by their place. */
function combined(tests: readonly DetectionTest[], candidate: Candidate, decisive: boolean): Where {
  const parts: Part[] = [];
  let key: string | null = '';
  for (let at = 0; at < tests.length; at += 1) {
    const where = tests[at]?.(candidate) ?? !decisive;
    if (where === decisive) return decisive;
    if (typeof where === 'boolean') continue;
    parts.push(where);
    key = key === null || where.key === null ? null : `${key} ${at}:${where.key}`;
  }
  const [only, ...rest] = parts;
  if (!only) return !decisive;
  if (key !== null) key = `(${key})`;
  if (rest.length === 0) return { ...only, key };
  const isWithin = decisive ? parts.every((part) => part.isWithin) : parts.some((part) => part.isWithin);
  const make = (): RoaringBitmap32 => {
    const result = only.isNew ? only.assets() : new RoaringBitmap32(only.assets());
    for (const part of rest) withAssets(part, (assets) => (decisive ? result.orInPlace(assets) : result.andInPlace(assets)));
    return result;
  };
  return { key, isNew: true, isWithin, assets: make };
}
