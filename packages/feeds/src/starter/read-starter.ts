import type { Advisory, Affected, KnowledgeInput, Vulnerability } from '@vedette/protocol';
import { FeedError } from '../errors.ts';
import { isCveName } from '../shared/identifiers.ts';
import { StarterDocument, starterLimits, type StarterOrigin, statuses } from './document.ts';
import { dayText, sums } from './table.ts';

/** The knowledge of a starter, with when it was made and on what terms. */
export interface StarterKnowledge extends KnowledgeInput {
  readonly madeAt: string;
  readonly origins: readonly StarterOrigin[];
}

/** Reads what writeStarter wrote. Throws FeedError TOO_LARGE, TRUNCATED or SCHEMA, and nothing else. */
export function readStarter(text: string): StarterKnowledge {
  if (text.length > starterLimits.textChars) {
    throw new FeedError(
      'TOO_LARGE',
      `the starter knowledge base has ${text.length} characters, more than ${starterLimits.textChars}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text); // checked by the schema below
  } catch (cause) {
    throw new FeedError('TRUNCATED', 'the starter knowledge base is no complete JSON document; install Vedette again', { cause });
  }
  const parsed = StarterDocument.safeParse(json);
  if (!parsed.success) throw damaged(parsed.error.issues[0]?.path.join('.') ?? '', parsed.error);
  const document = parsed.data;
  const cves = readCves(document);
  return {
    madeAt: document.madeAt,
    origins: document.origins,
    advisories: readAdvisories(document, cves),
    vulnerabilities: readVulnerabilities(document, cves),
  };
}

function damaged(where: string, cause?: unknown): FeedError {
  return new FeedError('SCHEMA', `the starter knowledge base is damaged at ${where}; install Vedette again`, { cause });
}

/** The entry of a table or column; the file may say anything, so every index is checked. */
function at<Value>(values: readonly Value[], index: number, where: string): Value {
  const value = Number.isInteger(index) && index >= 0 ? values[index] : undefined;
  if (value === undefined) throw damaged(where);
  return value;
}

function readCves(document: StarterDocument): string[] {
  return document.tables.cves.flatMap(([year, numbers]) =>
    sums(numbers).map((number) => {
      const name = `CVE-${year}-${String(number).padStart(4, '0')}`;
      if (!isCveName(name)) throw damaged('tables.cves');
      return name;
    }),
  );
}

function readAdvisories(document: StarterDocument, cves: readonly string[]): Advisory[] {
  const { tables, advisories } = document;
  sameLength('advisories', advisories);
  sameLength('statements', document.statements);
  let next = 0;
  const read = advisories.id.map((id, row): Advisory => {
    const count = at(advisories.statements, row, 'advisories.statements');
    if (count < 0 || next + count > document.statements.status.length) throw damaged('advisories.statements');
    const affected = Array.from({ length: count }, (_, offset) => readStatement(document, next + offset));
    next += count;
    return {
      id,
      feed: at(tables.feeds, at(advisories.feed, row, 'advisories.feed'), 'advisories.feed'),
      published: dayOrNull(at(advisories.published, row, 'advisories.published'), 'advisories.published'),
      vulnerabilities: sums(at(advisories.cves, row, 'advisories.cves')).map((index) => at(cves, index, 'advisories.cves')),
      affected,
    };
  });
  if (next !== document.statements.status.length) throw damaged('statements');
  return read;
}

function readStatement({ tables, statements }: StarterDocument, row: number): Affected {
  return {
    ecosystem: 'debian',
    release: at(tables.releases, at(statements.release, row, 'statements.release'), 'statements.release'),
    package: at(tables.packages, at(statements.package, row, 'statements.package'), 'statements.package'),
    status: at(statuses, at(statements.status, row, 'statements.status'), 'statements.status'),
    introduced: at(statements.introduced, row, 'statements.introduced'),
    fixed: at(statements.fixed, row, 'statements.fixed'),
  };
}

function readVulnerabilities({ tables, vulnerabilities: columns }: StarterDocument, cves: readonly string[]): Vulnerability[] {
  sameLength('vulnerabilities', columns);
  return sums(columns.cve).map((index, row) => ({
    id: at(cves, index, 'vulnerabilities.cve'),
    published: dayOrNull(at(columns.published, row, 'vulnerabilities.published'), 'vulnerabilities.published'),
    cvss: pairs(at(columns.cvss, row, 'vulnerabilities.cvss')).map(([entry, source]) => {
      const [version, vector, score] = at(tables.cvss, entry, 'vulnerabilities.cvss');
      return { version, vector, score, source: at(tables.sources, source, 'vulnerabilities.cvss') };
    }),
    cwe: at(columns.cwe, row, 'vulnerabilities.cwe').map((entry) => at(tables.cwe, entry, 'vulnerabilities.cwe')),
    kevSince: dayOrNull(at(columns.kevSince, row, 'vulnerabilities.kevSince'), 'vulnerabilities.kevSince'),
    epss: readEpss(tables.days, columns, row),
  }));
}

function readEpss(days: readonly string[], columns: StarterDocument['vulnerabilities'], row: number): Vulnerability['epss'] {
  const day = at(columns.epssDay, row, 'vulnerabilities.epssDay');
  if (day === null) return null;
  const score = at(columns.epssScore, row, 'vulnerabilities.epssScore');
  const percentile = at(columns.epssPercentile, row, 'vulnerabilities.epssPercentile');
  if (score === null || percentile === null) throw damaged('vulnerabilities.epssScore');
  return { score, percentile, date: at(days, day, 'vulnerabilities.epssDay') };
}

function pairs(numbers: readonly number[]): [number, number][] {
  if (numbers.length % 2 !== 0) throw damaged('vulnerabilities.cvss');
  return Array.from({ length: numbers.length / 2 }, (_, pair) => [numbers[pair * 2] ?? -1, numbers[pair * 2 + 1] ?? -1]);
}

/** Columns of one table have one length. */
function sameLength(where: string, columns: Readonly<Record<string, readonly unknown[]>>): void {
  if (new Set(Object.values(columns).map((column) => column.length)).size > 1) throw damaged(where);
}

/** Days of the years 1970 to 2200; others would not be `YYYY-MM-DD`. */
function dayOrNull(number: number | null, where: string): string | null {
  if (number === null) return null;
  if (number < 0 || number > 84_000) throw damaged(where);
  return dayText(number);
}
