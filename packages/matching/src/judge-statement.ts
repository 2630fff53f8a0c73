import type { Affected, EcosystemName, Requirement } from '@vedette/protocol';
import { meetsRequirement } from './requirement.ts';
import { compareInOrder, versionOrder } from './version-order.ts';

/** The comparison that decided: `left operator right` is true. */
export interface Comparison {
  readonly left: string;
  readonly operator: '<' | '=' | '>';
  readonly right: string;
  /** Whose order it is, for people. */
  readonly order: string;
}

export interface Outcome {
  readonly verdict: 'affected' | 'not-affected';
  /** Null where the statement decides without a version. */
  readonly comparison: Comparison | null;
}

/**
 * What one statement says of one version, by the events of the OSV schema: affected from `introduced` on, before `fixed`, before
 * `limit`, up to and with `lastAffected`; or one of `versions`; or, of a posture check, what does not meet `requires`. Null where a version cannot be compared: nothing can be said.
 */
export function judgeStatement(version: string, statement: Affected): Outcome | null {
  if (statement.status === 'not-affected') return { verdict: 'not-affected', comparison: null };
  if (statement.requires) return judgeRequirement(version, statement.requires);
  if (statement.versions) return judgeList(version, statement.versions, statement.ecosystem);
  const bounds = [
    { bound: statement.introduced, inside: ['=', '>'] },
    { bound: statement.lastAffected, inside: ['<', '='] },
    { bound: statement.limit, inside: ['<'] },
    { bound: statement.status === 'fixed' ? statement.fixed : null, inside: ['<'] },
  ];
  let comparison: Comparison | null = null;
  for (const { bound, inside } of bounds) {
    if (bound === null || bound === undefined) continue;
    comparison = compare(version, bound, statement.ecosystem);
    if (comparison === null) return null;
    if (!inside.includes(comparison.operator)) return { verdict: 'not-affected', comparison };
  }
  return { verdict: 'affected', comparison };
}

function judgeRequirement(value: string, requirement: Requirement): Outcome | null {
  const isMet = meetsRequirement(requirement, value);
  return isMet === null ? null : { verdict: isMet ? 'not-affected' : 'affected', comparison: null };
}

/** A list may hold texts that are no versions; they are equal to themselves. */
function judgeList(version: string, versions: readonly string[], ecosystem: EcosystemName): Outcome {
  const listed = versions.find((one) => one === version || compareInOrder(ecosystem, version, one) === 0);
  if (listed === undefined) return { verdict: 'not-affected', comparison: null };
  return { verdict: 'affected', comparison: { left: version, operator: '=', right: listed, order: orderName(ecosystem) } };
}

function compare(left: string, right: string, ecosystem: EcosystemName): Comparison | null {
  const order = compareInOrder(ecosystem, left, right);
  if (order === null) return null;
  return { left, operator: ({ '-1': '<', 0: '=', 1: '>' } as const)[order], right, order: orderName(ecosystem) };
}

function orderName(ecosystem: EcosystemName): string {
  return versionOrder(ecosystem)?.versionOrder ?? 'the same text';
}
