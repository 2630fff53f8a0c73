import { ecosystems, VersionError } from '@vedette/ecosystems';
import type { CheckAffected } from '@vedette/protocol';
import { decisiveStatement } from './decisive-statement.ts';
import type { InventoryElement } from './inventory-element.ts';
import { advisorySource, elementConfidence, type ElementConfidence } from './kernel.ts';

/** A statement together with the check it belongs to. */
export interface AffectedStatement extends CheckAffected {
  readonly check: number;
}

/** The comparison that decided: `left operator right` is true. */
export interface Comparison {
  readonly left: string;
  readonly operator: '<' | '=' | '>';
  readonly right: string;
  readonly order: string;
}

/** What one check says of one element, and why. */
export interface Verdict extends ElementConfidence {
  readonly check: number;
  readonly verdict: 'affected' | 'not-affected';
  /** The statement that decided. */
  readonly statement: AffectedStatement;
  /** Null where the statement decides without a version. */
  readonly comparison: Comparison | null;
  readonly element: InventoryElement;
  /** Source package and version compared, as advisories name them. */
  readonly sourcePackage: string;
  readonly sourceVersion: string;
}

/**
 * Judges one element by all statements about its source package: one verdict per check, in the order of check numbers.
 * Statements about another ecosystem, release or source package are passed over, so a caller may hand in more than needed.
 * An element whose version is none, or a statement whose versions are none, gives no verdict: nothing can be said.
 */
export function judge(element: InventoryElement, statements: readonly AffectedStatement[]): Verdict[] {
  const { source, version } = advisorySource(element);
  const byCheck = new Map<number, AffectedStatement[]>();
  for (const statement of statements) {
    if (statement.ecosystem !== element.ecosystem || statement.release !== element.release || statement.package !== source)
      continue;
    const group = byCheck.get(statement.check);
    if (group) group.push(statement);
    else byCheck.set(statement.check, [statement]);
  }
  const verdicts: Verdict[] = [];
  for (const [check, group] of [...byCheck].sort(([a], [b]) => a - b)) {
    const statement = decisiveStatement(group);
    const outcome = statement && decide(version, statement);
    if (statement === null || outcome === null) continue;
    verdicts.push({
      check,
      ...outcome,
      statement,
      element,
      sourcePackage: source,
      sourceVersion: version,
      ...elementConfidence(element),
    });
  }
  return verdicts;
}

type Outcome = Pick<Verdict, 'verdict' | 'comparison'>;

/** `introduced` is the first affected version, `fixed` the first that no longer is. */
function decide(version: string, statement: CheckAffected): Outcome | null {
  if (statement.status === 'not-affected') return { verdict: 'not-affected', comparison: null };
  const bounds = [
    { bound: statement.introduced, affectedWhen: ['=', '>'] },
    { bound: statement.status === 'fixed' ? statement.fixed : null, affectedWhen: ['<'] },
  ];
  let comparison: Comparison | null = null;
  for (const { bound, affectedWhen } of bounds) {
    if (bound === null) continue;
    comparison = compare(version, bound, statement.ecosystem);
    if (comparison === null) return null;
    if (!affectedWhen.includes(comparison.operator)) return { verdict: 'not-affected', comparison };
  }
  return { verdict: 'affected', comparison };
}

function compare(left: string, right: string, ecosystem: CheckAffected['ecosystem']): Comparison | null {
  const { compareVersions, versionOrder } = ecosystems[ecosystem];
  try {
    const operator = ({ '-1': '<', 0: '=', 1: '>' } as const)[compareVersions(left, right)];
    return { left, operator, right, order: versionOrder };
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}
