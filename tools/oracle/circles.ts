import type { Answer } from './ask-peer.ts';
import type { VersionClaim } from './claims.ts';

type Ask = (claims: readonly VersionClaim[]) => Promise<Answer>;

/**
 * Of claims that a peer contradicts, those in which it contradicts itself: by its own word a third version lies between the two
 * in our order, or equals both. Third versions are the beginnings of the two. Such a peer has no order to agree with.
 */
export async function withinCircles(claims: readonly VersionClaim[], ask: Ask): Promise<VersionClaim[]> {
  const cases = claims
    .filter(({ relation }) => relation !== 'refused')
    .map((claim) => ({ claim, questions: questionsOf(claim) }));
  if (cases.length === 0) return [];
  const denied = new Set((await ask(cases.flatMap(({ questions }) => questions.flat()))).contradicted);
  return cases.flatMap(({ claim, questions }) => {
    const isCircle = questions.some((four) => {
      const [below, equalsLow, above, equalsHigh] = four.map((question) => !denied.has(question));
      if (claim.relation === 'eq') return equalsLow && equalsHigh;
      return (below || equalsLow) && (above || equalsHigh) && !(equalsLow && equalsHigh);
    });
    return isCircle ? [claim] : [];
  });
}

/** For each third version: is it above the lower one, equal to it, below the higher one, equal to it? */
function questionsOf({ a, b, relation }: VersionClaim): VersionClaim[][] {
  const [low, high] = relation === 'gt' ? [b, a] : [a, b];
  return [...new Set([...beginnings(low), ...beginnings(high)])].map((third) => [
    { a: low, b: third, relation: 'lt' },
    { a: low, b: third, relation: 'eq' },
    { a: third, b: high, relation: 'lt' },
    { a: third, b: high, relation: 'eq' },
  ]);
}

function beginnings(version: string): string[] {
  return Array.from({ length: version.length - 1 }, (_, index) => version.slice(0, index + 1));
}
