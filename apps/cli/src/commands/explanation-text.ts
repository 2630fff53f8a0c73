import { createHash } from 'node:crypto';
import { canonicalText, requirementText, statementSummary, type VerdictReason } from '@vedette/matching';
import { type Explanation, type RecordOrigin, vendorStateMeanings } from '@vedette/protocol';
import { printable } from '../output/printable.ts';

/** A reason and where it comes from: the platform's knowledge version, or the knowledge file of a scan. */
export interface Grounds {
  readonly reason: VerdictReason;
  readonly knowledge: string;
  readonly origin: RecordOrigin | null;
  /** The evidence, and what came of judging it again. */
  readonly evidence: string;
}

/** The reasoning of one verdict, line by line: all that a person needs to make it again by hand. */
export function groundsText({ reason, knowledge, origin, evidence }: Grounds): string {
  const { package: pkg, comparison, statement, advisory, considered } = reason;
  const [decisive, ...others] = considered;
  const state = statement.vendorState;
  const lines: [string, string | null][] = [
    [
      'source',
      `${reason.sourcePackage} ${reason.sourceVersion}${pkg.name === reason.sourcePackage ? '' : ', of which advisories speak'}`,
    ],
    ['release', `${statement.ecosystem} ${statement.release || '(of all releases)'}`],
    ['module', statement.module ?? null],
    ['verdict', `${reason.verdict}, ${reason.confidence}: ${reason.confidenceReason}`],
    [
      'compared',
      comparison
        ? `${comparison.left} ${comparison.operator} ${comparison.right} by ${comparison.order}`
        : statement.requires
          ? `${pkg.installed}, which has to be ${requirementText(statement.requires)}`
          : 'nothing; the statement decides without a version',
    ],
    [
      'decided by',
      `${advisory.id} (${advisory.feed}, ${advisory.published ?? 'no date'}): ${decisive ? statementSummary(decisive.statement) : ''}`,
    ],
    ['because', decisive?.why ?? null],
    ['vendor state', state ? `${state}: ${vendorStateMeanings[state]}` : null],
    ['page', advisory.url],
    ...others.map((one): [string, string] => [
      one.counts ? 'counts too' : 'set aside',
      `${one.statement.advisory} (${one.statement.feed}, ${one.statement.published ?? 'no date'}): ${statementSummary(one.statement)}; ${one.why}`,
    ]),
    ['knowledge', knowledge],
    [
      'origin',
      origin
        ? `${origin.feed} from ${origin.location}, retrieved ${origin.retrievedAt}, SHA-256 ${origin.sha256}`
        : 'not recorded',
    ],
    ['evidence', evidence],
  ];
  const head = `${pkg.name} ${pkg.installed} (${pkg.architecture || 'any architecture'}, ${pkg.role})`;
  const body = lines.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(12)}  ${printable(value)}`]));
  return [printable(head), `  ${printable(reason.sentence)}`, ...body].join('\n');
}

/** What the platform says of one detection. */
export function explanationText({ detection, why, intervals, posture }: Explanation): string {
  const head = `${detection.name} (check ${detection.check}) on ${detection.hostname}: ${detection.status} since ${detection.firstFound}, last found ${detection.lastFound}`;
  const reasons = why.map((reason) =>
    groundsText({
      reason,
      knowledge: `version ${reason.knowledgeVersion} of ${reason.knowledgeAt}`,
      origin: reason.origin,
      evidence: evidenceLine(reason.evidence),
    }),
  );
  const history = intervals.map(
    ({ from, until, cause, endCause }) => `  ${from} – ${until ?? 'now'}: ${cause}${endCause ? `, ended by ${endCause}` : ''}`,
  );
  const advice = posture ? [adviceText(posture)] : [];
  return [printable(head), ...advice, ...reasons, ['history', ...history].join('\n')].join('\n\n');
}

function adviceText({ title, rationale, fix }: NonNullable<Explanation['posture']>): string {
  const lines = [title, `  ${rationale}`, `  fix: ${fix.advice}`, ...fix.commands.map((command) => `    ${command}`)];
  return lines.map(printable).join('\n');
}

function evidenceLine(evidence: Explanation['why'][number]['evidence']): string {
  if (!evidence) return 'none was recorded';
  const isSame = createHash('sha256').update(canonicalText(evidence.record)).digest('hex') === evidence.sha256;
  return `${evidence.sha256}: ${isSame ? 'judged again to the same bytes' : 'JUDGED AGAIN IT COMES OUT DIFFERENTLY; run "vedette replay"'}`;
}
