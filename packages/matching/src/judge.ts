import type { CheckAffected } from '@vedette/protocol';
import { advisorySubject } from './advisory-subject.ts';
import { governingStatements } from './decisive-statement.ts';
import type { InventoryElement } from './inventory-element.ts';
import { type Comparison, judgeStatement, type Outcome } from './judge-statement.ts';
import { type Confidence, lowestConfidence } from './confidence.ts';
import { elementConfidence } from './kernel.ts';
import { isOfModule, moduleConfidence } from './module.ts';
import { vendorStateConfidence } from './vendor-state.ts';

/** A statement together with the check it belongs to. */
export interface AffectedStatement extends CheckAffected {
  readonly check: number;
}

/** What one check says of one element, and why. */
export interface Verdict extends Confidence {
  readonly check: number;
  readonly verdict: 'affected' | 'not-affected';
  /** The statement that decided. */
  readonly statement: AffectedStatement;
  /** All statements of the check about the element, also those that do not count. */
  readonly considered: readonly AffectedStatement[];
  /** Null where the statement decides without a version. */
  readonly comparison: Comparison | null;
  readonly element: InventoryElement;
  /** Package and version compared, as advisories name them: of the source package, or of the binary one (advisorySubject). */
  readonly sourcePackage: string;
  readonly sourceVersion: string;
}

/**
 * Judges one element by all statements about it: one verdict per check, in the order of check numbers. Affected when one of the
 * governing statements says so.
 * Statements about another ecosystem, release, package or module are passed over, so a caller may hand in more than needed.
 * An element whose version is none, or a statement whose versions are none, gives no verdict: nothing can be said. Nor does an
 * element that a distribution's package brought: that package is judged, by the distribution alone, which patches what it ships
 * under the version it had.
 */
export function judge(element: InventoryElement, statements: readonly AffectedStatement[]): Verdict[] {
  if (element.ownedBy) return [];
  const { package: name, version, release } = advisorySubject(element);
  const byCheck = new Map<number, AffectedStatement[]>();
  for (const statement of statements) {
    if (statement.package !== name || !isAbout(statement, { ...element, release })) continue;
    const group = byCheck.get(statement.check);
    if (group) group.push(statement);
    else byCheck.set(statement.check, [statement]);
  }
  const verdicts: Verdict[] = [];
  for (const [check, group] of [...byCheck].sort(([a], [b]) => a - b)) {
    const decided = decide(version, governingStatements(group));
    if (decided)
      verdicts.push({
        check,
        ...decided,
        considered: group,
        element,
        sourcePackage: name,
        sourceVersion: version,
        ...confidence(element, decided.statement),
      });
  }
  return verdicts;
}

function isAbout(
  statement: AffectedStatement,
  element: Pick<InventoryElement, 'ecosystem' | 'release' | 'version' | 'module'>,
): boolean {
  return (
    statement.ecosystem === element.ecosystem &&
    (statement.release === element.release || statement.release === '') &&
    isOfModule(element, statement)
  );
}

/** The first statement by which the version is affected; where there is none the first that can say anything. */
function decide(version: string, governing: readonly AffectedStatement[]): (Outcome & { statement: AffectedStatement }) | null {
  let negative: (Outcome & { statement: AffectedStatement }) | null = null;
  for (const statement of governing) {
    const outcome = judgeStatement(version, statement);
    if (outcome?.verdict === 'affected') return { ...outcome, statement };
    if (outcome) negative ??= { ...outcome, statement };
  }
  return negative;
}

/** The lowest of what the element, the vendor's state and the streams of modules allow. */
function confidence(element: InventoryElement, statement: AffectedStatement): Confidence {
  return lowestConfidence(
    elementConfidence(element),
    vendorStateConfidence(statement.vendorState),
    moduleConfidence(element, statement),
  );
}
