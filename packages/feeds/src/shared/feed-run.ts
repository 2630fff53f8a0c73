import type { Advisory, Vulnerability } from '@vedette/protocol';
import { FeedError } from '../errors.ts';
import type { Feed, FeedFacts, FeedFile, FeedProblem, ParseOptions } from '../feed.ts';
import { joinFacts } from './vulnerability-facts.ts';

/** Upstream has single odd lines; more than this share means that the format changed or the file is damaged. */
const toleratedShare = 0.01;
/** A small file may have this many odd lines although they are more than that share. */
const toleratedCount = 3;
/** Enough to see what is wrong; the rest is only counted. */
const problemsKept = 1000;

const reasonsKept = 1000;

/** One run over a feed's files: what is kept of them as the caller wishes, the counts, and the verdict over them. */
export class FeedRun {
  /** Largest file of the feed. */
  readonly maxBytes: number;
  records = 0;
  lines = 0;
  readonly #feed: Pick<Feed, 'name' | 'maxBytes' | 'minimumRecords'>;
  readonly #options: ParseOptions;
  readonly #advisories = new Map<string, Advisory>();
  readonly #vulnerabilities = new Map<string, Vulnerability>();
  readonly #problems: FeedProblem[] = [];
  readonly #leftOut = new Map<string, number>();
  #files = 0;
  #bad = 0;
  #firstError: FeedError | null = null;

  constructor(feed: Pick<Feed, 'name' | 'maxBytes' | 'minimumRecords'>, options: ParseOptions = {}) {
    this.maxBytes = feed.maxBytes;
    this.#feed = feed;
    this.#options = options;
  }

  /** The files, counted: a run without one is none. */
  *over(files: Iterable<FeedFile>): Generator<FeedFile> {
    for (const file of files) {
      this.#files += 1;
      yield file;
    }
  }

  /** Keeps what of an advisory the caller wants. `join`: with what is known under its name; else the later stands alone. */
  keep(advisory: Advisory | null, join?: (earlier: Advisory, later: Advisory) => Advisory): void {
    const wanted = advisory && ofReleases(advisory, this.#options.releases);
    if (!wanted) return;
    const known = this.#advisories.get(wanted.id);
    this.#advisories.set(wanted.id, known && join ? join(known, wanted) : wanted);
  }

  /** Whether the caller wants facts of this vulnerability. */
  wants(cve: string): boolean {
    return this.#options.cves?.has(cve) ?? true;
  }

  /** Keeps the facts of a vulnerability that the caller wants, joined with what is known of it. */
  keepFacts(facts: Vulnerability, join: (earlier: Vulnerability, later: Vulnerability) => Vulnerability = joinFacts): void {
    if (!this.wants(facts.id)) return;
    const known = this.#vulnerabilities.get(facts.id);
    this.#vulnerabilities.set(facts.id, known ? join(known, facts) : facts);
  }

  problem(file: string, line: number, message: string): void {
    this.#bad += 1;
    if (this.#problems.length < problemsKept) this.#problems.push({ file, line, message });
  }

  /** A file that is none of the feed's: a problem among many good ones, and the end of a run that has no good one. */
  badFile(file: FeedFile, message: string, error?: FeedError): void {
    this.problem(file.name, 1, message);
    this.#firstError ??= error ?? new FeedError('SCHEMA', `${file.name}: ${message}. Fetch it again.`);
  }

  /** What `read` makes of a file that is one record. Null where it throws FeedError: a bad file. */
  whole<T>(file: FeedFile, read: () => T): T | null {
    this.lines += 1;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      this.badFile(file, error.message, error);
      return null;
    }
  }

  /** Something understood, of which Vedette can make nothing. */
  leaveOut(reason: string): void {
    // Reasons may name something of the file.
    const key = this.#leftOut.has(reason) || this.#leftOut.size < reasonsKept ? reason : 'other';
    this.#leftOut.set(key, (this.#leftOut.get(key) ?? 0) + 1);
  }

  /** What was kept. Throws NO_FILE, TOO_MANY_PROBLEMS, TOO_FEW_RECORDS, and what was wrong with the first file where none was good. */
  finish(): FeedFacts {
    this.#judge();
    return {
      advisories: [...this.#advisories.values()],
      vulnerabilities: [...this.#vulnerabilities.values()],
      problems: this.#problems,
      records: this.records,
      leftOut: this.#leftOut,
    };
  }

  #judge(): void {
    const { name, minimumRecords } = this.#feed;
    if (this.#files === 0) throw new FeedError('NO_FILE', `${name}: no file of this feed was given.`);
    if (this.records === 0 && this.#firstError) throw this.#firstError;
    if (this.#bad > Math.max(toleratedCount, this.lines * toleratedShare)) {
      const [first] = this.#problems;
      throw new FeedError(
        'TOO_MANY_PROBLEMS',
        `${name}: ${this.#bad} of ${this.lines} lines or records are not understood, the first in ${first?.file}, line ${first?.line}: ${first?.message}. Fetch it again; if it stays so, the format has changed and Vedette needs an upgrade.`,
      );
    }
    const minimum = this.#options.minimumRecords ?? minimumRecords;
    if (this.records < minimum) {
      throw new FeedError(
        'TOO_FEW_RECORDS',
        `${name}: ${this.records} records, a complete feed has at least ${minimum}. The file is probably cut; fetch it again.`,
      );
    }
  }
}

/** The advisory with its statements of these releases, or of no release at all; null when none is left. All, when not said. */
function ofReleases(advisory: Advisory, releases: ReadonlySet<string> | undefined): Advisory | null {
  if (!releases) return advisory;
  const affected = advisory.affected.filter(({ release }) => release === '' || releases.has(release));
  return affected.length > 0 ? { ...advisory, affected } : null;
}
