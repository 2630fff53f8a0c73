import type { CheckAffected } from '@vedette/protocol';
import { advisorySubject } from './advisory-subject.ts';
import { governingStatements } from './decisive-statement.ts';
import type { InventoryElement } from './inventory-element.ts';
import { type Comparison, judgeStatement, type Outcome } from './judge-statement.ts';
import { type Confidence, lowestConfidence } from './confidence.ts';
import { elementConfidence } from './kernel.ts';
import { isModularBuild, isOfModule, moduleConfidence } from './module.ts';
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
export function judge(element: InventoryElement, statements: readonly AffectedStatement[] | PreparedStatements): Verdict[] {
  if (element.ownedBy) return [];
  const { package: name, version, release } = advisorySubject(element);
  const prepared = statements instanceof PreparedStatements ? statements : new PreparedStatements(statements);
  const verdicts: Verdict[] = [];
  for (const { check, considered, governing } of prepared.about({ ...element, release }, name)) {
    const decided = decide(version, governing);
    if (decided)
      verdicts.push({
        check,
        ...decided,
        considered,
        element,
        sourcePackage: name,
        sourceVersion: version,
        ...confidence(element, decided.statement),
      });
  }
  return verdicts;
}

/** What one check says of one package. */
interface CheckStatements {
  readonly check: number;
  readonly considered: readonly AffectedStatement[];
  readonly governing: readonly AffectedStatement[];
}

type Subject = Pick<InventoryElement, 'ecosystem' | 'release' | 'version' | 'module'>;

/** Statements for many elements: which of them govern is found out once for all versions of a package. */
export class PreparedStatements {
  readonly #statements: readonly AffectedStatement[];
  readonly #known = new Map<string, readonly CheckStatements[]>();

  /** The statements must not change any more. */
  constructor(statements: readonly AffectedStatement[]) {
    this.#statements = statements;
  }

  /** By check, in the order of check numbers. */
  about(subject: Subject, name: string): readonly CheckStatements[] {
    // Of a version only what isOfModule asks of it.
    const key = JSON.stringify([name, subject.ecosystem, subject.release, subject.module ?? '', isModularBuild(subject.version)]);
    const known = this.#known.get(key);
    if (known) return known;
    const byCheck = Map.groupBy(
      this.#statements.filter((statement) => statement.package === name && isAbout(statement, subject)),
      ({ check }) => check,
    );
    const found = [...byCheck]
      .sort(([a], [b]) => a - b)
      .map(([check, considered]) => ({ check, considered, governing: governingStatements(considered) }));
    this.#known.set(key, found);
    return found;
  }
}

function isAbout(statement: AffectedStatement, element: Subject): boolean {
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
  if (statement.requires) return { confidence: 'confirmed', reason: 'the machine itself was read' };
  return lowestConfidence(
    elementConfidence(element),
    vendorStateConfidence(statement.vendorState),
    moduleConfidence(element, statement),
  );
}
