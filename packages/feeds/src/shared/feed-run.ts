import { FeedError } from '../errors.ts';
import type { Feed, FeedFile, FeedProblem, ParseOptions } from '../feed.ts';

/** Upstream has single odd lines; more than this share means that the format changed or the file is damaged. */
const toleratedShare = 0.01;
/** A small file may have this many odd lines although they are more than that share. */
const toleratedCount = 3;
/** Enough to see what is wrong; the rest is only counted. */
const problemsKept = 1000;

const reasonsKept = 1000;

/** Counts of one run over a feed's files, and the verdict over them. */
export class FeedRun {
  readonly problems: FeedProblem[] = [];
  files = 0;
  records = 0;
  lines = 0;
  bad = 0;
  readonly #leftOut = new Map<string, number>();
  #firstError: FeedError | null = null;

  problem(file: string, line: number, message: string): void {
    this.bad += 1;
    if (this.problems.length < problemsKept) this.problems.push({ file, line, message });
  }

  /** A file that is none of the feed's: a problem among many good ones, and the end of a run that has no good one. */
  badFile(file: FeedFile, message: string, error?: FeedError): void {
    this.problem(file.name, 1, message);
    this.#firstError ??= error ?? new FeedError('SCHEMA', `${file.name}: ${message}. Fetch it again.`);
  }

  /** Something understood, of which Vedette can make nothing. */
  leaveOut(reason: string): void {
    // Reasons may name something of the file.
    const key = this.#leftOut.has(reason) || this.#leftOut.size < reasonsKept ? reason : 'other';
    this.#leftOut.set(key, (this.#leftOut.get(key) ?? 0) + 1);
  }

  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }

  /** Throws NO_FILE, TOO_MANY_PROBLEMS, TOO_FEW_RECORDS, and what was wrong with the first file where none was good. */
  finish(feed: Pick<Feed, 'name' | 'minimumRecords'>, options: ParseOptions | undefined): void {
    if (this.files === 0) throw new FeedError('NO_FILE', `${feed.name}: no file of this feed was given.`);
    if (this.records === 0 && this.#firstError) throw this.#firstError;
    if (this.bad > Math.max(toleratedCount, this.lines * toleratedShare)) {
      const first = this.problems[0];
      throw new FeedError(
        'TOO_MANY_PROBLEMS',
        `${feed.name}: ${this.bad} of ${this.lines} lines or records are not understood, the first in ${first?.file}, line ${first?.line}: ${first?.message}. Fetch it again; if it stays so, the format has changed and Vedette needs an upgrade.`,
      );
    }
    const minimum = options?.minimumRecords ?? feed.minimumRecords;
    if (this.records < minimum) {
      throw new FeedError(
        'TOO_FEW_RECORDS',
        `${feed.name}: ${this.records} records, a complete feed has at least ${minimum}. The file is probably cut; fetch it again.`,
      );
    }
  }
}
