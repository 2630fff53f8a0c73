import type { Advisory, Affected } from '@vedette/protocol';
import { FeedError } from '../errors.ts';
import type { FeedFile } from '../feed.ts';
import type { FeedRun } from '../shared/feed-run.ts';
import { feedLines, type Line, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName, isPackageName, isVersion } from '../shared/identifiers.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Ceilings of one advisory; the largest real one names 560 CVEs and 20 packages. */
const maxCves = 20_000;
const maxStatements = 2_000;

/**
 * What the tracker's words in place of a version say. Without a fix every version of the release counts as affected: so does
 * a package whose support ended.
 */
const markers: ReadonlyMap<string, Affected['status']> = new Map([
  ['<not-affected>', 'not-affected'],
  ['<unfixed>', 'affected'],
  ['<end-of-life>', 'affected'],
  ['<no-dsa>', 'affected'],
  ['<postponed>', 'affected'],
  ['<ignored>', 'affected'],
]);

interface Entry {
  readonly id: string;
  readonly published: string;
  readonly cves: string[];
  readonly affected: Affected[];
  hasNote: boolean;
  /** Inside `{ … }` that goes on in the next line. */
  braceOpen: boolean;
}

/**
 * Entries of data/DSA/list or data/DLA/list of the Debian security tracker:
 *
 *     [12 Feb 2025] DSA-5865-1 webkit2gtk - security update
 *     	{CVE-2025-24143 CVE-2025-24150}
 *     	[bookworm] - webkit2gtk 2.46.6-1~deb12u1
 *     	NOTE: …
 *
 * A package line without a release speaks of unstable (`sid`). Lines are indented by tabs or blanks. Odd lines are
 * problems of the run. Throws FeedError.
 */
export function* parseAdvisoryList(file: FeedFile, kind: 'DSA' | 'DLA', maxBytes: number, run: FeedRun): Generator<Advisory> {
  let entry: Entry | null = null;
  let last = 0;
  for (const line of feedLines(file, maxBytes)) {
    last = line.number;
    if (line.text.trim() === '') continue;
    run.lines += 1;
    if (/^[ \t]/.test(line.text)) {
      if (!entry) throw notThisFeed(file, `line ${line.number}`);
      readDetail(file, entry, line, run);
      continue;
    }
    const next = readHeader(line.text, kind);
    if (!next) {
      // A file of something else altogether shows in its first line; later ones may be odd.
      if (!entry) throw notThisFeed(file, `line ${line.number}`);
      run.problem(file.name, line.number, 'not the first line of an advisory');
      continue;
    }
    if (entry) yield advisoryOf(entry, kind);
    entry = next;
  }
  // The lists end with an old, complete entry: an open brace, or CVEs without any package, is a cut.
  if (entry && (entry.braceOpen || (entry.affected.length === 0 && !entry.hasNote))) throw truncated(file, last);
  if (entry) yield advisoryOf(entry, kind);
}

function advisoryOf(entry: Entry, kind: 'DSA' | 'DLA'): Advisory {
  return {
    id: entry.id,
    feed: `debian-${kind.toLowerCase()}`,
    published: entry.published,
    vulnerabilities: [...new Set(entry.cves)],
    affected: entry.affected,
  };
}

function readHeader(text: string, kind: string): Entry | null {
  const match = /^\[(\d\d?) ([A-Z][a-z]{2}) (\d{4})\] (D[SL]A)-(\d{1,5})(-\d{1,3})?(?:\s|$)/.exec(text);
  if (!match || match[4] !== kind) return null;
  const month = months.indexOf(match[2] ?? '') + 1;
  const published = dayOf(`${match[3]}-${String(month).padStart(2, '0')}-${(match[1] ?? '').padStart(2, '0')}`);
  if (!published) return null;
  // Advisories before 2004 have no revision; the name stays as Debian writes it.
  return { id: `${kind}-${match[5]}${match[6] ?? ''}`, published, cves: [], affected: [], hasNote: false, braceOpen: false };
}

function readDetail(file: FeedFile, entry: Entry, line: Line, run: FeedRun): void {
  const text = line.text.trim();
  if (entry.braceOpen || text.startsWith('{')) {
    if (!readCves(entry, text)) run.problem(file.name, line.number, 'a name in braces is no CVE name');
  } else if (/^[A-Z]+:/.test(text)) {
    // NOTE:, TODO:, and whatever else is meant for the tracker's editors.
    entry.hasNote = true;
  } else {
    const statement = readStatement(text);
    if (statement) entry.affected.push(statement);
    else run.problem(file.name, line.number, 'not a package with a version');
  }
  if (entry.cves.length > maxCves || entry.affected.length > maxStatements) {
    throw new FeedError(
      'TOO_LARGE',
      `${file.name}, line ${line.number}: one advisory with more names than any real one. Fetch it again.`,
    );
  }
}

function readCves(entry: Entry, text: string): boolean {
  entry.braceOpen = !text.includes('}');
  const names = text.split(/[\s{}]+/).filter((name) => name !== '');
  const good = names.filter(isCveName);
  entry.cves.push(...good);
  return good.length === names.length;
}

/** `[bookworm] - openssl 3.0.15-1~deb12u1 (medium)`; null when it is nothing of the kind. */
function readStatement(text: string): Affected | null {
  const words = text.split(/\s+/, 5);
  const release = /^\[([a-z]{2,32})\]$/.exec(words[0] ?? '')?.[1];
  const [dash, name = '', version = ''] = release ? words.slice(1) : words;
  if (dash !== '-' || !isPackageName(name)) return null;
  const status = isVersion(version) ? 'fixed' : markers.get(version);
  if (!status) return null;
  return {
    ecosystem: 'debian',
    release: release ?? 'sid',
    package: name,
    status,
    introduced: null,
    fixed: status === 'fixed' ? version : null,
  };
}
