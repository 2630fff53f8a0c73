import type { Advisory, Affected } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson, limited, notThisFeed, truncated } from '../shared/feed-text.ts';
import { isCveName, isPackageName } from '../shared/identifiers.ts';
import { joinStatements } from '../shared/join-statements.ts';
import { jsonMembers } from '../shared/json-members.ts';
import { statementOf } from './normalise.ts';
import { ReleaseEntry, SourceEntry, TrackerEntry } from './schema.ts';

const MiB = 1024 * 1024;

/**
 * Debian's security tracker as one document (60 MB): for each source package and vulnerability the state in every release that is
 * looked after. It knows what DSA and DLA lists do not: flaws without a fix, and why there is none. Where it speaks of a package, the
 * lists and changelogs are silent (matching, governingStatements).
 */
export const debianTracker: Feed = {
  name: 'debian-tracker',
  describes: "Debian's security tracker: the state of every flaw in every supported release, also of those without a fix.",
  files: [
    { pattern: 'debian-tracker*.json', url: 'https://security-tracker.debian.org/tracker/data/json' },
    { pattern: 'security-tracker*.json', url: null },
  ],
  maxBytes: 256 * MiB,
  // Pairs of package and vulnerability; the tracker keeps all of them for as long as the package is in a release.
  minimumRecords: 30_000,
  onDemand: true,
  ecosystems: ['debian'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      for (const { name, affected } of readTracker(limited(file, this.maxBytes), this.maxBytes, run)) {
        if (affected.length > 0) run.keep(advisoryOf(name, affected), joinStatements);
      }
    }
    return run.finish();
  },
};

/** A flaw without a CVE has a name of the tracker's own, which it loses when it gets one: TEMP-0517018-A83CE6. */
function advisoryOf(name: string, affected: Affected[]): Advisory {
  const about = { id: `debian-tracker:${name}`, feed: 'debian-tracker', published: null, affected };
  return isCveName(name) ? { ...about, vulnerabilities: [name] } : { ...about, vulnerabilities: [], aliases: [name] };
}

interface Record {
  readonly name: string;
  readonly affected: Affected[];
}

/** One source package in memory at a time: the whole as values would take ten times the file. */
function* readTracker(file: FeedFile, maxBytes: number, run: FeedRun): Generator<Record> {
  let packages = 0;
  for (const member of jsonMembers(file.bytes)) {
    if (!member) throw packages === 0 ? notATracker(file, maxBytes) : truncated(file, packages + 1);
    packages += 1;
    const name = feedJson({ name: file.name, bytes: member.key }, maxBytes);
    const source = SourceEntry.safeParse(feedJson({ name: file.name, bytes: member.value }, maxBytes));
    if (!source.success || typeof name !== 'string') throw notThisFeed(file, `package ${packages}`, source.error);
    for (const [cve, value] of Object.entries(source.data)) {
      run.records += 1;
      run.lines += 1;
      const affected = isPackageName(name) && /^(?:CVE|TEMP)-[0-9A-F-]{4,32}$/.test(cve) ? affectedOf(name, value) : null;
      if (affected) yield { name: cve, affected };
      else run.problem(file.name, packages, 'a package, a vulnerability or a state of it that the tracker never has');
    }
  }
}

/** What is wrong with a document of which nothing was understood; feedJson knows more of it. */
function notATracker(file: FeedFile, maxBytes: number): Error {
  feedJson(file, maxBytes);
  return notThisFeed(file, 'the whole');
}

function affectedOf(name: string, value: unknown): Affected[] | null {
  const entry = TrackerEntry.safeParse(value);
  if (!entry.success) return null;
  const found: Affected[] = [];
  for (const [release, state] of Object.entries(entry.data.releases)) {
    // Pockets with packages of their own: bookworm-backports.
    if (/^[a-z]{2,32}-[a-z-]{2,32}$/.test(release)) continue;
    const parsed = ReleaseEntry.safeParse(state);
    const statement = parsed.success && /^[a-z]{2,32}$/.test(release) ? statementOf(release, name, parsed.data) : null;
    if (!statement) return null;
    found.push(statement);
  }
  return found;
}
