import type { Distribution } from '@vedette/extractors';
import {
  advisorySubject,
  buildChecks,
  explain,
  indexStatements,
  isComparable,
  isJudgedBySource,
  judge,
  type InventoryElement,
  type Verdict,
  type VerdictReason,
} from '@vedette/matching';
import { checkNumber, isDistribution, type Check, type KnowledgeInput } from '@vedette/protocol';
import type { KnowledgeSource } from '../knowledge/knowledge-source.ts';
import { narrowKnowledge } from './narrow-knowledge.ts';
import type { Target } from './target.ts';
import { scannedPackages, type ScannedPackage } from './scanned-packages.ts';

interface JudgedPackage extends ScannedPackage {
  readonly element: InventoryElement;
}

function hasElement(one: ScannedPackage): one is JudgedPackage {
  return one.element !== null;
}

/** One check that is true of one package. */
export interface Finding {
  readonly check: Check;
  readonly package: ScannedPackage;
  readonly verdict: Verdict;
  readonly reason: VerdictReason;
  /**
   * potential: the package is there, but nobody has said for certain that it is affected (the vendor has not yet determined it).
   * information: true, but of little or no consequence here (a kernel that does not run, a state the vendor calls unimportant).
   */
  readonly status: 'affected' | 'potential' | 'information';
}

/** Why packages could not be assessed. */
export type UnassessedReason =
  | 'no distribution known'
  | 'no knowledge of this release'
  | 'too little knowledge of this registry'
  | 'source package not known'
  | 'not a version';

export interface ScanResult {
  readonly target: string;
  readonly distribution: Distribution | null;
  readonly packages: readonly ScannedPackage[];
  readonly unassessed: ReadonlyMap<UnassessedReason, readonly ScannedPackage[]>;
  /** Worst first, then by package. */
  readonly findings: readonly Finding[];
}

/** Judges every package of a target by what the knowledge says of it. Packages nobody can judge are counted, never taken for clean. */
export function judgePackages(target: Target, knowledge: KnowledgeSource): ScanResult {
  const packages = scannedPackages(target);
  // Even a few records may be true of a package; only silence proves nothing then.
  const judged = packages.filter(
    (one) => hasElement(one) && isComparable(one.element.ecosystem, advisorySubject(one.element).version),
  );
  const subjects = judged
    .filter(hasElement)
    .map(({ element }) => ({ ...advisorySubject(element), ecosystem: element.ecosystem }));
  const input = knowledge.select(subjects);
  const said = new Set(input.advisories.flatMap(({ affected }) => affected.map((one) => `${one.ecosystem} ${one.package}`)));
  const unassessed = new Map<UnassessedReason, ScannedPackage[]>();
  for (const one of packages) {
    const reason = whyUnassessed(one, knowledge, said);
    if (reason) unassessed.set(reason, [...(unassessed.get(reason) ?? []), one]);
  }
  const findings = findAll(judged.filter(hasElement), input, knowledge);
  return { target: target.name, distribution: target.distribution, packages, unassessed, findings };
}

/** `said`: ecosystem and name of every package that the knowledge speaks of. */
function whyUnassessed(
  { found, element }: ScannedPackage,
  knowledge: KnowledgeSource,
  said: ReadonlySet<string>,
): UnassessedReason | null {
  if (element === null) return 'no distribution known';
  // What a distribution's package brought is judged with that package.
  if (element.ownedBy) return null;
  const subject = advisorySubject(element);
  if (!isComparable(element.ecosystem, subject.version)) return 'not a version';
  if (!knowledge.covers(element.ecosystem, subject.release)) {
    return isDistribution(element.ecosystem) ? 'no knowledge of this release' : 'too little knowledge of this registry';
  }
  const isGuess = !found.isSourceKnown && isJudgedBySource(element.ecosystem);
  return isGuess && !said.has(`${element.ecosystem} ${subject.package}`) ? 'source package not known' : null;
}

function findAll(judged: readonly JudgedPackage[], selected: KnowledgeInput, knowledge: KnowledgeSource): Finding[] {
  const input = narrowKnowledge(
    selected,
    judged.map(({ element }) => element),
  );
  const { checks } = buildChecks(input, (name) => checkNumber(name) ?? knowledge.registeredNumber(name));
  const byNumber = new Map(checks.map((check) => [check.number, check]));
  const index = indexStatements(checks);
  const findings: Finding[] = [];
  for (const one of judged) {
    for (const verdict of judge(one.element, index.statementsFor(one.element))) {
      const check = byNumber.get(verdict.check);
      if (verdict.verdict !== 'affected' || !check) continue;
      const status = verdict.confidence === 'confirmed' ? 'affected' : verdict.confidence;
      findings.push({ check, package: one, verdict, reason: explain(verdict), status });
    }
  }
  return findings.sort(worstFirst);
}

const statusOrder: readonly Finding['status'][] = ['affected', 'potential', 'information'];

function worstFirst(a: Finding, b: Finding): number {
  return (
    statusOrder.indexOf(a.status) - statusOrder.indexOf(b.status) ||
    b.check.severity - a.check.severity ||
    compareText(a.package.found.name, b.package.found.name) ||
    a.check.number - b.check.number ||
    compareText(a.package.found.architecture, b.package.found.architecture)
  );
}

/** By code unit, so that every machine sorts alike. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
