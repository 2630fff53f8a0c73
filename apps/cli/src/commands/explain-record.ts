import { explain, judgeEvidence } from '@vedette/matching';
import type { EvidenceFile } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import type { FiledEvidence } from '../scan/evidence-file.ts';
import type { Outcome } from './command.ts';
import { groundsText } from './explanation-text.ts';

/** The reasoning behind one record of a scan. Throws CliError FAILURE for a record from which no verdict follows. */
export function explainRecord({ record, sha256, problem }: FiledEvidence, knowledge: EvidenceFile['knowledge']): Outcome {
  const verdict = judgeEvidence(record);
  if (!verdict)
    throw new CliError(
      'FAILURE',
      `nothing follows from the evidence ${sha256}: ${problem?.detail ?? 'the rules give no verdict'}`,
    );
  const reason = explain(verdict);
  const origin = knowledge.origins.findLast(({ feed }) => feed === reason.advisory.feed) ?? null;
  const grounds = {
    reason,
    origin,
    knowledge: `made ${knowledge.madeAt}, newest advisory ${knowledge.newest ?? 'without date'}`,
    evidence: problem
      ? `${sha256}: ${problem.kind.toUpperCase()}: ${problem.detail}`
      : `${sha256}: judged again to the same bytes`,
  };
  const data = { check: record.check, ...reason, origin, knowledge, evidence: { sha256, record }, problem };
  return { data, text: `check ${record.check}\n${groundsText(grounds)}` };
}
