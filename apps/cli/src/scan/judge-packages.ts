import { osTypes, type Distribution, type FoundPackage } from '@vedette/extractors';
import {
  advisorySubject,
  buildChecks,
  explain,
  indexStatements,
  isComparable,
  judge,
  type InventoryElement,
  type Verdict,
  type VerdictReason,
} from '@vedette/matching';
import { checkNumber, isDistribution, type Check } from '@vedette/protocol';
import type { KnowledgeSource } from '../knowledge/knowledge-source.ts';
import { narrowKnowledge } from './narrow-knowledge.ts';
import type { Target } from './read-target.ts';
import { toElement } from './to-element.ts';

/** A package of the target, once, with the file that named it first. */
export interface ScannedPackage {
  readonly found: FoundPackage;
  readonly path: string;
  /** Null where no distribution is known whose package it is. */
  readonly element: InventoryElement | null;
}

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
  /** information: true, but of little or no consequence here (a kernel that does not run, a state the vendor calls unimportant). */
  readonly status: 'affected' | 'information';
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
  const packages = distinctPackages(target);
  const unassessed = new Map<UnassessedReason, ScannedPackage[]>();
  const judged: JudgedPackage[] = [];
  for (const one of packages) {
    const reason = whyUnassessed(one.element, knowledge);
    // Even a few records may be true of a package; only silence proves nothing then.
    if (hasElement(one) && reason !== 'not a version') judged.push(one);
    if (reason) unassessed.set(reason, [...(unassessed.get(reason) ?? []), one]);
  }
  return { target: target.name, distribution: target.distribution, packages, unassessed, findings: findAll(judged, knowledge) };
}

function distinctPackages(target: Target): ScannedPackage[] {
  const distinct = new Map<string, ScannedPackage>();
  for (const { path, extraction, owner } of target.files) {
    for (const found of extraction.packages) {
      const judgedAlone = toElement(found, extraction.distribution ?? target.distribution);
      const element = judgedAlone && owner !== null ? { ...judgedAlone, ownedBy: owner } : judgedAlone;
      const key = JSON.stringify([
        found.type,
        element?.release,
        found.name,
        found.version,
        osTypes.has(found.type) ? found.architecture : '',
        // The same version may be there once more, brought by nobody's package.
        owner !== null,
      ]);
      if (!distinct.has(key)) distinct.set(key, { found, path, element });
    }
  }
  return [...distinct.values()];
}

function whyUnassessed(element: InventoryElement | null, knowledge: KnowledgeSource): UnassessedReason | null {
  if (element === null) return 'no distribution known';
  // What a distribution's package brought is judged with that package.
  if (element.ownedBy) return null;
  const { version, release } = advisorySubject(element);
  if (!isComparable(element.ecosystem, version)) return 'not a version';
  if (knowledge.covers(element.ecosystem, release)) return null;
  return isDistribution(element.ecosystem) ? 'no knowledge of this release' : 'too little knowledge of this registry';
}

function findAll(judged: readonly JudgedPackage[], knowledge: KnowledgeSource): Finding[] {
  const subjects = judged.map(({ element }) => ({ ecosystem: element.ecosystem, package: advisorySubject(element).package }));
  const input = narrowKnowledge(
    knowledge.select(subjects),
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
      const status = verdict.confidence === 'information' ? 'information' : 'affected';
      findings.push({ check, package: one, verdict, reason: explain(verdict), status });
    }
  }
  return findings.sort(worstFirst);
}

function worstFirst(a: Finding, b: Finding): number {
  if (a.status !== b.status) return a.status === 'affected' ? -1 : 1;
  return (
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
