import type { Advisory, Affected, KnowledgeInput } from '@vedette/protocol';
import { FeedError } from '../errors.ts';
import { isCveName } from '../shared/identifiers.ts';
import { type StarterDocument, type StarterOrigin, statuses } from './document.ts';
import { dayNumber, differences, Table } from './table.ts';

/** What a starter is made of: knowledge, with the licence of each origin. */
export interface StarterInput extends Pick<KnowledgeInput, 'advisories' | 'vulnerabilities'> {
  /** RFC 3339; the day of the newest data rather than the clock, so that equal data gives equal bytes. */
  readonly madeAt: string;
  readonly origins: readonly StarterOrigin[];
}

/**
 * The starter document of this knowledge. Lossless; vulnerabilities come back ordered by name.
 * Throws FeedError SCHEMA for a vulnerability that has no CVE name, and for an advisory that says more than the form can hold.
 */
export function writeStarter(input: StarterInput): string {
  const cves = cveTable(input);
  const document: StarterDocument = {
    format: 'vedette-starter/1',
    madeAt: input.madeAt,
    origins: [...input.origins],
    tables: {
      feeds: [],
      releases: [],
      packages: [],
      sources: [],
      cwe: [],
      days: [],
      cvss: [],
      cves: cveColumns([...cves.keys()]),
    },
    advisories: { id: [], feed: [], published: [], cves: [], statements: [] },
    statements: { release: [], package: [], status: [], introduced: [], fixed: [] },
    vulnerabilities: { cve: [], published: [], cvss: [], cwe: [], kevSince: [], epssDay: [], epssScore: [], epssPercentile: [] },
  };
  writeAdvisories(document, input, cves);
  writeVulnerabilities(document, input, cves);
  return JSON.stringify(document);
}

/** Index of every CVE name, in the order of year and number. */
function cveTable(input: StarterInput): Map<string, number> {
  const names = new Set([
    ...input.advisories.flatMap((one) => one.vulnerabilities),
    ...input.vulnerabilities.map((one) => one.id),
  ]);
  for (const name of names) {
    if (!isCveName(name))
      throw new FeedError('SCHEMA', `a starter holds CVE names only, not ${JSON.stringify(name.slice(0, 40))}`);
  }
  const ordered = [...names].sort((a, b) => yearOf(a) - yearOf(b) || numberOf(a) - numberOf(b));
  return new Map(ordered.map((name, index) => [name, index]));
}

function yearOf(cve: string): number {
  return Number(cve.slice(4, 8));
}

function numberOf(cve: string): number {
  return Number(cve.slice(9));
}

function cveColumns(ordered: readonly string[]): StarterDocument['tables']['cves'] {
  return [...Map.groupBy(ordered, yearOf)].map(([year, names]) => [year, differences(names.map(numberOf))]);
}

function writeAdvisories(document: StarterDocument, input: StarterInput, cves: ReadonlyMap<string, number>): void {
  const feeds = new Table<string>();
  const releases = new Table<string>();
  const packages = new Table<string>();
  const { advisories, statements } = document;
  for (const advisory of input.advisories) {
    refuseWhatIsLost(advisory);
    advisories.id.push(advisory.id);
    advisories.feed.push(feeds.indexOf(advisory.feed));
    advisories.published.push(dayOrNull(advisory.published));
    advisories.cves.push(differences(advisory.vulnerabilities.map((name) => cves.get(name) ?? 0)));
    advisories.statements.push(advisory.affected.length);
    for (const statement of advisory.affected) {
      statements.release.push(releases.indexOf(statement.release));
      statements.package.push(packages.indexOf(statement.package));
      statements.status.push(statuses.indexOf(statement.status));
      statements.introduced.push(statement.introduced);
      statements.fixed.push(statement.fixed);
    }
  }
  Object.assign(document.tables, { feeds: feeds.values, releases: releases.values, packages: packages.values });
}

/** The form holds Debian's plain statements; silently dropping the rest would make other statements of them. */
function refuseWhatIsLost(advisory: Advisory): void {
  const isPlain = ({ ecosystem, lastAffected, limit, versions, module, vendorState }: Affected) =>
    ecosystem === 'debian' && !lastAffected && !limit && !versions && !module && !vendorState;
  if (advisory.withdrawn || advisory.aliases || advisory.rating || !advisory.affected.every(isPlain)) {
    throw new FeedError('SCHEMA', `a starter holds plain statements about Debian only, not those of ${advisory.id.slice(0, 40)}`);
  }
}

function writeVulnerabilities(document: StarterDocument, input: StarterInput, cves: ReadonlyMap<string, number>): void {
  const sources = new Table<string>();
  const cwe = new Table<string>();
  const days = new Table<string>();
  const cvss = new Table<StarterDocument['tables']['cvss'][number]>();
  const columns = document.vulnerabilities;
  const byName = new Map(input.vulnerabilities.map((facts) => [facts.id, facts]));
  const indexes: number[] = [];
  for (const [name, index] of cves) {
    const facts = byName.get(name);
    if (!facts) continue;
    indexes.push(index);
    columns.published.push(dayOrNull(facts.published));
    columns.cvss.push(
      facts.cvss.flatMap(({ version, vector, score, source }) => [
        cvss.indexOf([version, vector, score], `${version} ${score} ${vector}`),
        sources.indexOf(source),
      ]),
    );
    columns.cwe.push(facts.cwe.map((id) => cwe.indexOf(id)));
    columns.kevSince.push(dayOrNull(facts.kevSince));
    columns.epssDay.push(facts.epss ? days.indexOf(facts.epss.date) : null);
    columns.epssScore.push(facts.epss?.score ?? null);
    columns.epssPercentile.push(facts.epss?.percentile ?? null);
  }
  columns.cve = differences(indexes);
  Object.assign(document.tables, { sources: sources.values, cwe: cwe.values, days: days.values, cvss: cvss.values });
}

function dayOrNull(day: string | null): number | null {
  return day === null ? null : dayNumber(day);
}
