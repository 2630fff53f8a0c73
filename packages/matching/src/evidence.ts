import { type CheckAffected, Evidence, evidenceFormat } from '@vedette/protocol';
import { canonicalText } from './canonical-text.ts';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type Verdict } from './judge.ts';

/** What a verdict rests on, as it is recorded. */
export function evidenceOf(verdict: Verdict): Evidence {
  const ordered = inOrder(verdict.considered);
  return { ...headOf(verdict, ordered), statements: ordered.map(({ statement }) => plainStatement(statement)) };
}

function headOf(verdict: Verdict, ordered: readonly StatementText[]): Omit<Evidence, 'statements'> {
  return {
    format: evidenceFormat,
    check: verdict.check,
    element: elementOf(verdict.element),
    outcome: outcomeOf(verdict, ordered),
  };
}

function elementOf(element: InventoryElement): Evidence['element'] {
  const { ecosystem, release, name, version, architecture, source, sourceVersion, role, module } = element;
  return { ecosystem, release, name, version, architecture, source, sourceVersion, role, ...(module ? { module } : {}) };
}

function outcomeOf(verdict: Verdict, ordered: readonly StatementText[]): Evidence['outcome'] {
  const { comparison } = verdict;
  const decisive = statementText(verdict.statement);
  return {
    verdict: verdict.verdict,
    confidence: verdict.confidence,
    decidedBy: ordered.findIndex(({ text }) => text === decisive),
    package: verdict.sourcePackage,
    version: verdict.sourceVersion,
    ...(comparison ? { operator: comparison.operator, bound: comparison.right } : {}),
  };
}

/** What evidence holds apart from the outcome. */
export interface Judged {
  readonly check: number;
  readonly element: InventoryElement;
  readonly statements: readonly CheckAffected[];
}

/** The verdict on what evidence holds, judged again by the rules of today; null where they give none. */
export function judgeEvidence({ check, element, statements }: Judged): Verdict | null {
  const [verdict] = judge(
    element,
    statements.map((statement) => ({ ...statement, check })),
  );
  return verdict ?? null;
}

export type Replay =
  /** Judging again gave the same text. */
  | { readonly same: true; readonly text: string }
  /** It gave another, or none; or the text is no evidence at all. */
  | { readonly same: false; readonly text: string | null };

/**
 * Judges again from a record's text alone. The same bytes come out when neither the record nor a rule that mattered was changed; a
 * text that is no record in canonical form never does.
 */
export function replayEvidence(text: string): Replay {
  const record = parseEvidence(text);
  const verdict = record && judgeEvidence(record);
  const again = verdict ? canonicalText(evidenceOf(verdict)) : null;
  return again === text ? { same: true, text } : { same: false, text: again };
}

function parseEvidence(text: string): Evidence | null {
  try {
    return Evidence.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // no JSON
  }
}

/** What stands first in what the texts of two verdicts differ, for people: "outcome.bound: 1.0 → 1.1". Null where nothing does. */
export function evidenceDifference(stored: unknown, replayed: unknown, path = ''): string | null {
  if (typeof stored !== 'object' || typeof replayed !== 'object' || stored === null || replayed === null) {
    return canonicalText(stored ?? null) === canonicalText(replayed ?? null)
      ? null
      : `${path}: ${canonicalText(stored ?? null)} → ${canonicalText(replayed ?? null)}`;
  }
  const [one, other] = [new Map(Object.entries(stored)), new Map(Object.entries(replayed))];
  for (const key of [...new Set([...one.keys(), ...other.keys()])].sort()) {
    const difference = evidenceDifference(one.get(key), other.get(key), path === '' ? key : `${path}.${key}`);
    if (difference !== null) return difference;
  }
  return null;
}

export interface EvidenceTexts {
  /** Canonical text of the whole record. */
  readonly record: string;
  /** Canonical text of its statements alone, which the verdicts of many packages share. */
  readonly statements: string;
}

/** canonicalText(evidenceOf(verdict)), and that of its statements; what many verdicts share is written once. */
export function evidenceTexts(verdict: Verdict): EvidenceTexts {
  const { ordered, text: statements } = listText(verdict.considered);
  const outcome = outcomeText(outcomeOf(verdict, ordered));
  // Keys in their order.
  const head = `"check":${verdict.check},"element":${elementText(verdict.element)},"format":${evidenceFormat},"outcome":${outcome}`;
  return { record: `{${head},"statements":${statements}}`, statements };
}

/** canonicalText of it, several times faster: one is written for every verdict. */
function outcomeText(outcome: Evidence['outcome']): string {
  const { bound, confidence, decidedBy, operator, package: name, verdict, version } = outcome;
  const compared = operator === undefined ? '' : `"operator":${JSON.stringify(operator)},`;
  return `{${bound === undefined ? '' : `"bound":${JSON.stringify(bound)},`}"confidence":"${confidence}","decidedBy":${decidedBy},${
    compared
  }"package":${JSON.stringify(name)},"verdict":"${verdict}","version":${JSON.stringify(version)}}`;
}

interface ListText {
  readonly ordered: readonly StatementText[];
  readonly text: string;
}

/** All versions of a package are held against one list. */
const lists = new WeakMap<readonly CheckAffected[], ListText>();

function listText(statements: readonly CheckAffected[]): ListText {
  const known = lists.get(statements);
  if (known) return known;
  const ordered = inOrder(statements);
  const fresh = { ordered, text: `[${ordered.map(({ text }) => text).join(',')}]` };
  lists.set(statements, fresh);
  return fresh;
}

interface StatementText {
  readonly statement: CheckAffected;
  readonly text: string;
}

/** Each once, in the order of their texts, whatever order they came in. */
function inOrder(statements: readonly CheckAffected[]): StatementText[] {
  const byText = new Map(statements.map((statement) => [statementText(statement), statement]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, statement]) => ({ text, statement }));
}

const elementTexts = new WeakMap<InventoryElement, string>();

function elementText(element: InventoryElement): string {
  const known = elementTexts.get(element);
  if (known !== undefined) return known;
  const text = canonicalText(elementOf(element));
  elementTexts.set(element, text);
  return text;
}

/** One statement is part of the evidence of every package version that it is held against. */
const texts = new WeakMap<CheckAffected, string>();

function statementText(statement: CheckAffected): string {
  const known = texts.get(statement);
  if (known !== undefined) return known;
  const text = canonicalText(plainStatement(statement));
  texts.set(statement, text);
  return text;
}

/** Only what the statement says, without what a store adds; fields that most statements lack are left out where they say nothing. */
export function plainStatement(statement: CheckAffected): CheckAffected {
  const { ecosystem, release, status, introduced, fixed, advisory, feed, published } = statement;
  const { lastAffected, limit, versions, module, vendorState, patches, requires } = statement;
  return {
    ecosystem,
    release,
    package: statement.package,
    status,
    introduced,
    fixed,
    advisory,
    feed,
    published,
    ...(lastAffected ? { lastAffected } : {}),
    ...(limit ? { limit } : {}),
    ...(versions ? { versions } : {}),
    ...(module ? { module } : {}),
    ...(vendorState ? { vendorState } : {}),
    ...(patches ? { patches } : {}),
    ...(requires ? { requires } : {}),
  };
}
