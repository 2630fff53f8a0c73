import type { CheckConfidence } from '@vedette/protocol';

/** How sure a verdict is, or how much it matters. */
export interface Confidence {
  readonly confidence: CheckConfidence;
  /** Why, in words for the person who asks. */
  readonly reason: string;
}

const order: readonly CheckConfidence[] = ['information', 'potential', 'confirmed'];

/** The lowest of several; of equal ones the first, so the one that says most about the package itself stands first. */
export function lowestConfidence(first: Confidence, ...others: readonly (Confidence | null)[]): Confidence {
  return others.reduce<Confidence>(
    (lowest, next) => (next !== null && order.indexOf(next.confidence) < order.indexOf(lowest.confidence) ? next : lowest),
    first,
  );
}

/** The highest of several words; information where there is none. */
export function highestConfidence(words: Iterable<CheckConfidence>): CheckConfidence {
  let highest: CheckConfidence = 'information';
  for (const word of words) if (order.indexOf(word) > order.indexOf(highest)) highest = word;
  return highest;
}
