import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { releaseOf } from '@vedette/ecosystems';
import type { Distribution } from '@vedette/extractors';
import type { EvidenceFile, Severity } from '@vedette/protocol';
import type { Outcome, Surroundings } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import { knowledgeLine, openKnowledge } from '../knowledge/open-knowledge.ts';
import { programVersion } from '../program.ts';
import { makeEvidenceFile } from './evidence-file.ts';
import { type Exemption, readIgnoreFile } from './ignore-file.ts';
import { inferDistribution } from './infer-distribution.ts';
import { judgePackages, type ScanResult } from './judge-packages.ts';
import { fileError, readFile } from './read-file.ts';
import { readTarget } from './read-target.ts';
import type { Target } from './target.ts';
import { reportCycloneDx } from './report-cyclonedx.ts';
import { reportJson } from './report-json.ts';
import { reportSarif } from './report-sarif.ts';
import { reportTable } from './report-table.ts';
import { readVexFile } from './vex-file.ts';

export interface ScanOptions {
  readonly target: string;
  readonly knowledge: string | undefined;
  readonly distro: string | undefined;
  readonly format: string;
  readonly vex: string | undefined;
  readonly ignore: string | undefined;
  readonly output: string | undefined;
  /** The file that the evidence goes to; `-`: into the JSON report. */
  readonly evidence: string | undefined;
  readonly failOn: Severity | null;
}

const formats = ['table', 'json', 'sarif', 'cyclonedx'] as const;
/** Between the codes of failures and those of sysexits(3). */
const findingsExitCode = 10;
const maxListBytes = 64 * 1024 * 1024;

/** One scan: read, judge, leave out what is exempted, report. */
export async function runScan(surroundings: Surroundings, options: ScanOptions): Promise<Outcome> {
  const format = formats.find((known) => known === options.format);
  if (!format) throw new CliError('USAGE', `--format takes ${formats.join(', ')}, not "${options.format}"`);
  const given = options.distro === undefined ? null : readDistro(options.distro);
  const now = new Date();
  const isExempt = readExemptions(options, now);
  const target = withDistribution(await readTarget(options.target), given, surroundings.note);
  noteProblems(target, surroundings.note);
  const knowledge = openKnowledge(surroundings.environment, options.knowledge);
  let judged: ScanResult;
  const state = knowledge.state();
  try {
    surroundings.note(knowledgeLine(state, now));
    judged = judgePackages(target, knowledge);
  } finally {
    knowledge.close();
  }
  const findings = judged.findings.filter((finding) => !isExempt(finding));
  if (findings.length < judged.findings.length)
    surroundings.note(`left out on request: ${judged.findings.length - findings.length}`);
  const result = { ...judged, findings };
  const colour = surroundings.colour === true && options.output === undefined;
  const makeEvidence = (): EvidenceFile =>
    makeEvidenceFile(
      result.target,
      findings.map(({ verdict }) => verdict),
      state,
    );
  const isCarried = options.evidence === '-';
  if (isCarried && format !== 'json') throw new CliError('USAGE', '--evidence - is for the JSON report; give it a file instead');
  if (options.evidence !== undefined && !isCarried) writeEvidence(options.evidence, makeEvidence(), surroundings.note);
  const printed = render(result, format, { colour, now, evidence: isCarried ? makeEvidence() : null });
  const fails = findings.some(
    ({ check, status }) => options.failOn !== null && status === 'affected' && check.severity >= options.failOn,
  );
  return { ...deliver(printed, options.output, surroundings.note), exitCode: fails ? findingsExitCode : 0 };
}

/** `debian:12`, `debian:bookworm`: ID of os-release(5), and VERSION_ID or code name. Throws CliError USAGE. */
function readDistro(word: string): Distribution {
  const [id = '', release = '', ...rest] = word.toLowerCase().split(':');
  const distribution = /^v?\d/.test(release)
    ? { id, versionId: release, codename: '' }
    : { id, versionId: '', codename: release };
  if (rest.length > 0 || releaseOf(distribution) === null) {
    throw new CliError('USAGE', `--distro takes a distribution and its release, such as debian:12, not "${word}"`);
  }
  return distribution;
}

/** What the target says of itself stands; then what the user says, then what one of its packages gives away. */
function withDistribution(target: Target, given: Distribution | null, note: Surroundings['note']): Target {
  if (target.distribution && target.distribution.id !== '') {
    if (given) note('--distro is not used: the target says itself which distribution it is');
    return target;
  }
  if (given) return { ...target, distribution: given };
  const inferred = inferDistribution(target.files.flatMap(({ extraction }) => extraction.packages));
  if (inferred)
    note(`taken for ${inferred.distribution.id} ${inferred.distribution.versionId} because of its package ${inferred.by}`);
  return inferred ? { ...target, distribution: inferred.distribution } : target;
}

function noteProblems(target: Target, note: Surroundings['note']): void {
  for (const { path, reason } of target.unreadable.slice(0, 20)) note(`not read: ${path}: ${reason}`);
  for (const { path, extraction } of target.files) {
    const [first] = extraction.problems;
    if (first)
      note(
        `${path}: ${extraction.problems.length} entries were left out, the first${first.line > 0 ? ` in line ${first.line}` : ''}: ${first.reason}`,
      );
  }
}

function readExemptions({ vex, ignore }: ScanOptions, now: Date): Exemption {
  const exemptions: Exemption[] = [];
  const list = ignore ?? (existsSync('.vedetteignore') ? '.vedetteignore' : undefined);
  if (list !== undefined)
    exemptions.push(readIgnoreFile(list, readFile(list, maxListBytes).toString('utf8'), now.toISOString().slice(0, 10)));
  if (vex !== undefined) exemptions.push(readVexFile(vex, readFile(vex, maxListBytes).toString('utf8')));
  return (finding) => exemptions.some((isExempt) => isExempt(finding));
}

interface Rendering {
  readonly colour: boolean;
  readonly now: Date;
  readonly evidence: EvidenceFile | null;
}

function render(result: ScanResult, format: (typeof formats)[number], { colour, now, evidence }: Rendering): Outcome {
  if (format === 'table') return { data: reportJson(result), text: reportTable(result, colour) };
  const data =
    format === 'json'
      ? reportJson(result, evidence)
      : format === 'sarif'
        ? reportSarif(result, programVersion)
        : reportCycloneDx(result, { version: programVersion, now, uuid: randomUUID() });
  return { data, text: JSON.stringify(data, null, 2) };
}

function writeEvidence(path: string, evidence: EvidenceFile, note: Surroundings['note']): void {
  write(path, JSON.stringify(evidence));
  note(`evidence of ${evidence.records.length} verdicts written to ${path}; "vedette replay ${path}" judges them again`);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`);
  } catch (error) {
    throw fileError(path, error);
  }
}

function deliver(printed: Outcome, output: string | undefined, note: Surroundings['note']): Outcome {
  if (output === undefined) return printed;
  write(output, printed.text);
  note(`written to ${output}`);
  return { data: { output }, text: '' };
}
