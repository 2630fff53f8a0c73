import { debianReleases } from '@vedette/ecosystems';
import type { FeedFile } from '../feed.ts';
import type { FeedRun } from '../shared/feed-run.ts';
import { feedLines, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName, isPackageName, isVersion } from '../shared/identifiers.ts';

/** One CVE that the entry of one stable update names. */
export interface ChangelogFix {
  readonly source: string;
  readonly version: string;
  readonly release: string;
  readonly cve: string;
  readonly published: string | null;
}

const codenames = new Map(debianReleases.map((release) => [release.version, release.codename]));

/**
 * The release an update was made for, from `+deb12u1` or `~deb12u1` at the end of its version (Developer's Reference 5.11.2).
 * Null for every other version of a changelog: it was uploaded to unstable, and what it fixed may have come to a release by
 * another way. Backports (`~bpo12+1`) belong to no release.
 */
export function releaseOfUpdate(version: string): string | null {
  const number = /[+~]deb(\d{1,2})u\d{1,3}(?:\.\d{1,3})?$/.exec(version)?.[1];
  return number ? (codenames.get(number) ?? null) : null;
}

/**
 * Fixes named in a debian/changelog (policy 4.4). Lines of other forms between entries ("# Older entries have been removed …")
 * are passed over when they are comments, and are problems otherwise. Throws FeedError.
 */
export function* parseChangelog(file: FeedFile, maxBytes: number, run: FeedRun): Generator<ChangelogFix> {
  let entry: Entry | null = null;
  let entries = 0;
  let last = 0;
  for (const line of feedLines(file, maxBytes)) {
    last = line.number;
    if (line.text.trim() === '' || line.text.startsWith('#')) continue;
    run.lines += 1;
    const header = readHeader(line.text);
    if (header) {
      if (entry) run.problem(file.name, line.number, 'the entry before has no last line');
      entry = header;
      entries += 1;
    } else if (line.text.startsWith(' -- ')) {
      if (!entry) run.problem(file.name, line.number, 'last line of no entry');
      else yield* fixesOf(entry, dayOfTrailer(line.text));
      entry = null;
    } else if (entry && /^\s/.test(line.text)) {
      for (const name of cvesIn(line.text)) entry.cves.add(name);
    } else if (entries === 0) {
      throw notThisFeed(file, `line ${line.number}`);
    } else {
      run.problem(file.name, line.number, 'not a line of a changelog');
    }
  }
  if (entry) throw truncated(file, last);
}

interface Entry {
  readonly source: string;
  readonly version: string;
  readonly cves: Set<string>;
}

/** `openssl (3.0.22-1~deb12u2) bookworm-security; urgency=high` */
function readHeader(text: string): Entry | null {
  const match = /^(\S{1,128}) \(([^()\s]{1,256})\) /.exec(text);
  return match ? { source: match[1] ?? '', version: match[2] ?? '', cves: new Set() } : null;
}

function cvesIn(text: string): string[] {
  return (text.match(/\bCVE-\d{4}-\d{4,7}\b/g) ?? []).filter(isCveName);
}

function* fixesOf(entry: Entry, published: string | null): Generator<ChangelogFix> {
  const release = releaseOfUpdate(entry.version);
  // A name or version that policy does not allow is none of a package in a release.
  if (!release || !isPackageName(entry.source) || !isVersion(entry.version)) return;
  for (const cve of entry.cves) yield { source: entry.source, version: entry.version, release, cve, published };
}

/** ` -- Name <mail>  Wed, 21 Oct 2026 16:54:24 +0700`: the day in the writer's own time zone, as Debian shows it. */
function dayOfTrailer(text: string): string | null {
  const match = / (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) \d\d:\d\d:\d\d /.exec(text);
  if (!match) return null;
  const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(match[2] ?? '') / 3 + 1;
  return dayOf(`${match[3]}-${String(month).padStart(2, '0')}-${(match[1] ?? '').padStart(2, '0')}`);
}

/** Fixes in a table with the columns source, version, CVE. Versions that are no stable update are problems. Throws FeedError. */
export function* parseFixTable(file: FeedFile, maxBytes: number, run: FeedRun): Generator<ChangelogFix> {
  for (const line of feedLines(file, maxBytes)) {
    if (line.text === '' || line.text.startsWith('#')) continue;
    run.lines += 1;
    const cells = line.text.split('\t', 4);
    if (cells.length !== 3 && run.lines === 1) throw notThisFeed(file, `line ${line.number}`);
    const [source = '', version = '', cve = ''] = cells;
    const release = releaseOfUpdate(version);
    if (cells.length === 3 && release && isPackageName(source) && isVersion(version) && isCveName(cve)) {
      yield { source, version, release, cve, published: null };
    } else run.problem(file.name, line.number, 'not a source, an update of a release and a CVE');
  }
}
