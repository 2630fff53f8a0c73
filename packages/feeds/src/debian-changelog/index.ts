import { compareDebianVersions } from '@vedette/ecosystems';
import type { Advisory } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { type ChangelogFix, parseChangelog, parseFixTable } from './parse.ts';

const MiB = 1024 * 1024;

/**
 * Fixes that a stable update's changelog names, point-release updates without a DSA among them. Takes debian/changelog files
 * and tables of (source, version, CVE) made from them. Where several updates name the same CVE, the first one fixed it.
 */
export const debianChangelog: Feed = {
  name: 'debian-changelog',
  describes: 'Changelogs of Debian stable updates: fixes that never had an advisory of their own.',
  files: [
    { pattern: '*.changelog', url: null },
    { pattern: 'changelog-fixes-*.tsv', url: null },
  ],
  maxBytes: 16 * MiB,
  minimumRecords: 1,
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    const earliest = new Map<string, ChangelogFix>();
    for (const file of run.over(files)) {
      const parse = file.name.endsWith('.tsv') ? parseFixTable : parseChangelog;
      for (const fix of parse(file, this.maxBytes, run)) {
        const key = `${fix.source} ${fix.release} ${fix.cve}`;
        const known = earliest.get(key);
        if (!known || isBetter(fix, known)) earliest.set(key, fix);
      }
    }
    run.records = earliest.size;
    const wanted = [...earliest.values()].filter((fix) => options?.releases?.has(fix.release) ?? true);
    for (const advisory of advisoriesOf(wanted)) run.keep(advisory);
    return run.finish();
  },
};

/** The earlier version; of the same version the statement that knows its day (a table knows none). */
function isBetter(fix: ChangelogFix, known: ChangelogFix): boolean {
  const order = compareDebianVersions(fix.version, known.version);
  return order < 0 || (order === 0 && known.published === null && fix.published !== null);
}

function advisoriesOf(fixes: readonly ChangelogFix[]): Advisory[] {
  const byId = Map.groupBy(fixes, (fix) => `debian-changelog:${fix.source}:${fix.version}`);
  return [...byId].map(([id, [first, ...others]]) => {
    const fix = first as ChangelogFix; // a group has at least one member
    return {
      id,
      feed: 'debian-changelog',
      published: [fix, ...others].find((one) => one.published !== null)?.published ?? null,
      vulnerabilities: [fix, ...others].map((one) => one.cve),
      affected: [
        { ecosystem: 'debian', release: fix.release, package: fix.source, status: 'fixed', introduced: null, fixed: fix.version },
      ],
    };
  });
}
