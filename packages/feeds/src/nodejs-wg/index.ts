import type { Advisory, Vulnerability } from '@vedette/protocol';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { scoreVector } from '../shared/cvss-score.ts';
import { readWhole } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson } from '../shared/feed-text.ts';
import { dayOf, isCveName, modifiedOn } from '../shared/identifiers.ts';
import { npmRange } from '../shared/npm-range.ts';
import { npmStatements } from '../shared/npm-statements.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const MiB = 1024 * 1024;

const Entry = z.object({
  id: z.int().min(1).max(999_999),
  module_name: z.string().max(512),
  publish_date: z.string().max(64),
  updated_at: z.string().max(64).optional(),
  cves: z.array(z.string().max(64)).max(100).default([]),
  vulnerable_versions: z.string().max(1024),
  patched_versions: z.string().max(1024).nullish(),
  cvss_vector: z.string().max(256).nullish(),
});
type Entry = z.infer<typeof Entry>;

/**
 * Advisories of the Node.js security working group about packages of npm, 2013 to 2020: one a JSON file named by its number. The
 * database has folders for Node.js itself and its parts, too; those are no packages of npm and are passed over.
 */
export const nodejsWg: Feed = {
  name: 'nodejs-wg',
  describes: 'Node.js security working group: packages of npm, 2013 to 2020.',
  files: ['nodejs-security-wg*.tar.zst', 'nodejs-security-wg*.tar.gz', 'nodejs-security-wg*.zip', 'nodejs-wg-*.json'].map(
    (pattern) => ({ pattern, url: null }),
  ),
  home: 'https://github.com/nodejs/security-wg/tree/main/vuln/npm',
  maxBytes: 1 * MiB,
  minimumRecords: 1,
  onDemand: true,
  ecosystems: ['npm'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      if (file.path !== undefined && !/(?:^|\/)(?:npm\/\d{1,6}|nodejs-wg-[^/]*)\.json$/.test(file.path)) continue;
      const entry = readWhole(file, run, { read: feedJson, schema: Entry, as: 'the database' });
      if (!entry) continue;
      run.records += 1;
      const advisory = advisoryOf(entry, run);
      if (!advisory) continue;
      run.keep(advisory);
      for (const facts of factsOf(entry, advisory)) run.keepFacts(facts);
    }
    return run.finish();
  },
};

function advisoryOf(entry: Entry, run: FeedRun): Advisory | null {
  const name = canonicalPackageName('npm', entry.module_name);
  const vulnerable = npmRange(entry.vulnerable_versions);
  const affected = name === null || !vulnerable ? null : npmStatements(name, vulnerable, patchedFrom(entry));
  if (!affected || affected.length === 0) {
    run.leaveOut('a name or range that is none');
    return null;
  }
  return {
    // As other databases call these records.
    id: `NSWG-ECO-${entry.id}`,
    feed: 'nodejs-wg',
    published: dayOf(entry.publish_date),
    ...modifiedOn(entry.updated_at),
    vulnerabilities: [...new Set(entry.cves.filter(isCveName))],
    affected,
  };
}

/** Where every version from one on is patched, that one; else null. */
function patchedFrom({ patched_versions: patched }: Entry): string | null {
  const [range, ...more] = npmRange(patched ?? '*') ?? [];
  return range?.from?.inclusive && range.to === null && more.length === 0 ? range.from.version : null;
}

/** The score is of the advisory: of several vulnerabilities nobody could say whose it is. */
function factsOf(entry: Entry, { id, published, vulnerabilities }: Advisory): Vulnerability[] {
  const cvss = scoreVector(entry.cvss_vector ?? '', 'nodejs-wg');
  return cvss === null || vulnerabilities.length > 1
    ? []
    : [{ ...emptyVulnerability(vulnerabilities[0] ?? id), published, cvss: [cvss] }];
}
