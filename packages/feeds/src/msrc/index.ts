import { findEcosystem, VersionError } from '@vedette/ecosystems';
import type { Advisory, Affected, Cvss, Severity } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { scoreVector } from '../shared/cvss-score.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { dayOf, isCveName } from '../shared/identifiers.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { ratingOf } from '../shared/rating.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';
import type { Bulletin } from './bulletin.ts';
import { readBulletinTable } from './bulletin-table.ts';
import { readCvrfJson, readCvrfXml } from './cvrf.ts';
import { readUpdateList } from './update-list.ts';

const MiB = 1024 * 1024;

/**
 * Microsoft's security updates: for each flaw the products it is in, the update that fixes it there, and the build from which on it is
 * fixed. A document a month in CVRF, JSON or XML; or the table of all years, which knows no builds.
 */
export const msrc: Feed = {
  name: 'msrc',
  describes: 'Microsoft security updates: which build and which update of a product fixed what.',
  files: ['msrc*.json', 'msrc*.xml', 'CVEs_*.csv'].map((pattern) => ({ pattern, url: null })),
  home: 'https://api.msrc.microsoft.com/cvrf/v3.0/updates',
  maxBytes: 256 * MiB,
  minimumRecords: 1,
  onDemand: true,
  parts: 4,
  ecosystems: ['windows'],
  changes: {
    list: { pattern: 'updates.json', url: 'https://api.msrc.microsoft.com/cvrf/v3.0/updates' },
    maxBytes: 4 * MiB,
    read: readUpdateList,
  },
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    const reading = { run, part: options?.part ?? { index: 0, of: 1 } };
    for (const file of run.over(files)) {
      for (const { bulletin, published } of bulletinsIn(file, this.maxBytes, reading)) {
        run.records += 1;
        run.lines += 1;
        if (!isCveName(bulletin.cve)) {
          run.leaveOut('a bulletin without a CVE');
          continue;
        }
        run.keep(advisoryOf(bulletin, published, run));
        const cvss = scoresOf(bulletin);
        if (cvss.length > 0) run.keepFacts({ ...emptyVulnerability(bulletin.cve), cvss });
      }
    }
    return run.finish();
  },
};

interface Reading {
  readonly run: FeedRun;
  readonly part: NonNullable<ParseOptions['part']>;
}

function* bulletinsIn(
  file: FeedFile,
  maxBytes: number,
  { run, part }: Reading,
): Generator<{ readonly bulletin: Bulletin; readonly published: string | null }> {
  if (file.name.endsWith('.csv')) {
    const table = readBulletinTable(file, maxBytes, {
      wants: (cve) => partOf(cve, part.of) === part.index,
      problem: (line) => part.index === 0 && run.problem(file.name, line, 'a row that is none'),
    });
    for (const bulletin of table)
      yield { bulletin, published: dayOf(bulletin.posted.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')) };
    return;
  }
  const { issued, bulletins } = file.name.endsWith('.xml') ? readCvrfXml(file, maxBytes) : readCvrfJson(file, maxBytes);
  for (const bulletin of bulletins)
    if (partOf(bulletin.cve, part.of) === part.index) yield { bulletin, published: dayOf(issued) };
}

/** By the last digits of the CVE: all rows about one are in the same part. */
function partOf(cve: string, of: number): number {
  return Number(/\d{1,4}$/.exec(cve)?.[0] ?? 0) % of;
}

function advisoryOf(bulletin: Bulletin, published: string | null, run: FeedRun): Advisory | null {
  const affected = statementsOf(bulletin, run);
  if (affected.length === 0) {
    run.leaveOut('no product');
    return null;
  }
  const rating = bulletin.severities.reduce<Severity | null>((highest, word) => {
    const one = ratingOf(word);
    return one !== null && (highest === null || one > highest) ? one : highest;
  }, null);
  return {
    id: `msrc:${bulletin.cve}`,
    feed: 'msrc',
    published,
    vulnerabilities: [bulletin.cve],
    ...(rating ? { rating } : {}),
    affected,
  };
}

interface Product {
  readonly builds: string[];
  readonly patches: Set<string>;
  /** Whether there is any fix, with a build or a patch or neither. */
  isFixed: boolean;
}

/**
 * One statement for each product. Of several builds (an update and a hotpatch of the same day) the lowest is the first that has
 * the fix. A product whose fix has no build gets no version: nothing can be compared with the name of a patch.
 */
function statementsOf(bulletin: Bulletin, run: FeedRun): Affected[] {
  const products = new Map<string, Product>();
  const productOf = (name: string): Product => {
    const known = products.get(name) ?? { builds: [], patches: new Set(), isFixed: false };
    products.set(name, known);
    return known;
  };
  for (const name of bulletin.affected) productOf(name);
  for (const { kb, build, products: names } of bulletin.fixes) {
    for (const name of names) {
      const product = productOf(name);
      product.isFixed = true;
      if (isBuild(build)) product.builds.push(build);
      if (/^\d{6,8}$/.test(kb)) product.patches.add(`KB${kb}`);
    }
  }
  return [...products].flatMap(([name, product]): Affected[] => {
    // Microsoft's Linux has advisories of its own, by package.
    if (canonicalPackageName('windows', name) === null || /\b(?:CBL[- ]Mariner|Azure Linux)\b/.test(name)) {
      run.leaveOut('no product of Windows');
      return [];
    }
    const patches = product.patches.size > 0 ? { patches: [...product.patches] } : {};
    const about = { ecosystem: 'windows', release: '', package: name, introduced: null } as const;
    if (!product.isFixed) return [{ ...about, status: 'affected', fixed: null }];
    return [{ ...about, status: 'fixed', fixed: lowest(product.builds), ...patches }];
  });
}

const compareBuilds = findEcosystem('windows')?.compareVersions;

function isBuild(text: string): boolean {
  if (text.length > 64 || !/^\d+(?:\.\d+){1,3}$/.test(text)) return false;
  try {
    compareBuilds?.(text, text);
    return true;
  } catch (error) {
    if (error instanceof VersionError) return false;
    throw error;
  }
}

function lowest(builds: readonly string[]): string | null {
  return builds.reduce<string | null>(
    (best, next) => (best === null || (compareBuilds?.(next, best) ?? 0) < 0 ? next : best),
    null,
  );
}

/** Of scores for several products the worst. */
function scoresOf(bulletin: Bulletin): Cvss[] {
  const byVersion = new Map<string, Cvss>();
  for (const { vector } of bulletin.scores) {
    // Temporal metrics come behind the base; the base score is what all others give.
    const base = /^CVSS:3\.[01]\/AV:[A-Z]\/AC:[A-Z]\/PR:[A-Z]\/UI:[A-Z]\/S:[A-Z]\/C:[A-Z]\/I:[A-Z]\/A:[A-Z]/.exec(vector)?.[0];
    const cvss = base === undefined ? null : scoreVector(base, 'msrc');
    if (cvss && cvss.score > (byVersion.get(cvss.version)?.score ?? -1)) byVersion.set(cvss.version, cvss);
  }
  return [...byVersion.values()];
}
