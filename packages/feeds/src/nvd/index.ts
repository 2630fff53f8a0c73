import type { ChangedRecord, Feed, FeedFacts, FeedFile, FeedSource, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedText, notThisFeed } from '../shared/feed-text.ts';
import { readLegacyYear } from './legacy-year.ts';
import { readYear } from './year.ts';

const MiB = 1024 * 1024;
const folder = 'https://nvd.nist.gov/feeds/json/cve/2.0/';
/** The file of 2002 holds all earlier years too. */
const firstYear = 2002;
/** The last that has a file when this is written; later ones are asked for. */
const surelyUntil = 2026;
const lastYear = 2035;

const years = Array.from({ length: lastYear - firstYear + 1 }, (_, index): FeedSource => {
  const year = firstYear + index;
  const name = `nvdcve-2.0-${year}.json.gz`;
  return { pattern: name, url: `${folder}${name}`, ...(year > surelyUntil ? { optional: true } : {}) };
});
const modified = { pattern: 'nvdcve-2.0-modified.json.gz', url: `${folder}nvdcve-2.0-modified.json.gz` };

/** A file for each year, and one of what changed within the last eight days, which is enough between two refreshes. */
export const nvd: Feed = {
  name: 'nvd',
  factsOnly: true,
  describes: "NIST's National Vulnerability Database: CVSS scores and weakness types.",
  files: [...years, { pattern: 'nvdcve-2.0-*.json.gz', url: null }, { pattern: 'nvdcve-1.1-*.json.gz', url: null }],
  maxBytes: 512 * MiB,
  minimumRecords: 1,
  changes: {
    list: { pattern: 'nvdcve-2.0-modified.meta', url: `${folder}nvdcve-2.0-modified.meta` },
    maxBytes: MiB,
    read: readMeta,
  },
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      const read = file.name.startsWith('nvdcve-1.1-') ? readLegacyYear : readYear;
      for (const facts of read(file, this.maxBytes, run)) {
        run.records += 1;
        run.keepFacts(facts);
      }
    }
    return run.finish();
  },
};

/** `lastModifiedDate:2026-11-20T03:00:01-05:00` and other lines: when the file of changes was made. Throws FeedError. */
function readMeta(file: FeedFile, since: string | null): ChangedRecord[] {
  const at = /^lastModifiedDate:(\d{4}-\d\d-\d\dT[\d:.]{8,12}(?:Z|[+-]\d\d:\d\d))\s*$/m.exec(feedText(file, MiB))?.[1];
  if (at === undefined || Number.isNaN(Date.parse(at))) throw notThisFeed(file, 'line "lastModifiedDate"');
  return since === null || Date.parse(at) > Date.parse(since) ? [{ at, source: modified }] : [];
}
