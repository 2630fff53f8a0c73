import { createHash } from 'node:crypto';
import { canonicalText, evidenceDifference, evidenceTexts, replayEvidence, evidenceOf, type Verdict } from '@vedette/matching';
import { Evidence, evidenceFormat, EvidenceFile } from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import type { KnowledgeState } from '../knowledge/knowledge-source.ts';
import { readFile } from './read-file.ts';

/** Ten times the evidence of the largest image that was seen. */
const maxBytes = 256 * 1024 * 1024;

/** What the verdicts of a scan rest on, in their order. */
export function makeEvidenceFile(target: string, verdicts: readonly Verdict[], knowledge: KnowledgeState): EvidenceFile {
  const statements = new Map<string, Evidence['statements']>();
  const elements = new Map<string, Evidence['element']>();
  const records = verdicts.map((verdict) => {
    const texts = evidenceTexts(verdict);
    const { check, element, outcome, statements: considered } = evidenceOf(verdict);
    const hash = sha256(texts.statements);
    statements.set(hash, considered);
    const key = canonicalText(element);
    elements.set(key, element);
    return { check, element: key, statements: hash, outcome, sha256: sha256(texts.record) };
  });
  const places = new Map([...elements.keys()].map((key, place) => [key, place]));
  const { madeAt, newest, feeds } = knowledge;
  const origins = feeds.flatMap((feed) => feed.origins);
  return {
    format: evidenceFormat,
    target,
    knowledge: { madeAt, newest, origins },
    statements: Object.fromEntries(statements),
    elements: [...elements.values()],
    records: records.map((record) => ({ ...record, element: places.get(record.element) ?? 0 })), // every key has its place
  };
}

/** A record out of a file, and whether judging it again gives the same bytes. */
export interface FiledEvidence {
  readonly record: Evidence;
  readonly sha256: string;
  /** Null where the same bytes came out. */
  readonly problem: { readonly kind: 'damaged' | 'differs' | 'outcome'; readonly detail: string } | null;
  /** SHA-256 of what came out; null where nothing did. */
  readonly replayed: string | null;
}

/** What is shown of a detection beside its evidence, in the same order. */
const Shown = z.object({ check: z.int(), package: z.string(), installed: z.string(), fixed: z.string().nullable() });
const Report = z.object({ detections: z.array(Shown), evidence: EvidenceFile });

export interface ReadEvidence {
  readonly target: string;
  readonly knowledge: EvidenceFile['knowledge'];
  readonly records: readonly FiledEvidence[];
}

/**
 * Reads what `scan --evidence` wrote, apart or into a report, and judges each record again. Throws CliError: NOT_FOUND, FAILURE for a file that is
 * neither.
 */
export function readEvidenceFile(path: string): ReadEvidence {
  const { file, shown } = parse(path, readFile(path, maxBytes).toString('utf8'));
  const sound = new Map(
    Object.entries(file.statements).map(([hash, statements]) => [
      hash,
      { statements, isSound: sha256(canonicalText(statements)) === hash },
    ]),
  );
  const records = file.records.map((filed, index) => {
    const known = sound.get(filed.statements);
    const element = file.elements[filed.element];
    if (!element) throw new CliError('FAILURE', `${path} is damaged: record ${index} names an element that is not in it`);
    const { check, outcome, sha256: stored } = filed;
    const record: Evidence = { format: file.format, check, element, outcome, statements: known?.statements ?? [] };
    const replayed = known?.isSound ? replay(record, stored) : damaged('its statements are not those that their hash names');
    const isSame = replayed.problem === null;
    return { record, sha256: stored, ...(isSame && shown ? compareShown(record, shown[index], replayed) : replayed) };
  });
  return { target: file.target, knowledge: file.knowledge, records };
}

function parse(path: string, text: string): { file: EvidenceFile; shown: readonly z.infer<typeof Shown>[] | null } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CliError('FAILURE', `${path} is no JSON`, { cause });
  }
  const file = EvidenceFile.safeParse(json);
  if (file.success) return { file: file.data, shown: null };
  const report = Report.safeParse(json);
  if (report.success) return { file: report.data.evidence, shown: report.data.detections };
  throw new CliError('FAILURE', `${path} holds no evidence; "vedette scan --evidence FILE" writes some`, {
    cause: report.error,
  });
}

type Replayed = Pick<FiledEvidence, 'problem' | 'replayed'>;

function damaged(detail: string): Replayed {
  return { problem: { kind: 'damaged', detail }, replayed: null };
}

function replay(record: Evidence, stored: string): Replayed {
  const text = canonicalText(record);
  if (sha256(text) !== stored) return damaged('the record is not the one that its hash names');
  const again = replayEvidence(text);
  const replayed = again.text === null ? null : sha256(again.text);
  if (again.same) return { problem: null, replayed };
  const now: unknown = again.text === null ? null : JSON.parse(again.text); // our own writing
  return { problem: { kind: 'differs', detail: evidenceDifference(record, now) ?? 'it is not in canonical form' }, replayed };
}

/** A report shows what its evidence says. */
function compareShown(
  { check, element, outcome, statements }: Evidence,
  shown: z.infer<typeof Shown> | undefined,
  same: Replayed,
): Replayed {
  const decisive = statements[outcome.decidedBy];
  const fixed = decisive?.status === 'fixed' ? decisive.fixed : null;
  const said = { check, package: element.name, installed: element.version, fixed };
  const detail = evidenceDifference(shown ?? null, said);
  return detail === null
    ? same
    : { problem: { kind: 'outcome', detail: `the report shows something else: ${detail}` }, replayed: same.replayed };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
