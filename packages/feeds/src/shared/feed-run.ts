import { FeedError } from '../errors.ts';
import type { Feed, FeedProblem, ParseOptions } from '../feed.ts';

/** Upstream has single odd lines; more than this share means that the format changed or the file is damaged. */
const toleratedShare = 0.01;
/** A small file may have this many odd lines although they are more than that share. */
const toleratedCount = 3;
/** Enough to see what is wrong; the rest is only counted. */
const problemsKept = 1000;

/** Counts of one run over a feed's files, and the verdict over them. */
export class FeedRun {
  readonly problems: FeedProblem[] = [];
  files = 0;
  records = 0;
  lines = 0;
  bad = 0;

  problem(file: string, line: number, message: string): void {
    this.bad += 1;
    if (this.problems.length < problemsKept) this.problems.push({ file, line, message });
  }

  /** Throws NO_FILE, TOO_MANY_PROBLEMS, TOO_FEW_RECORDS. */
  finish(feed: Pick<Feed, 'name' | 'minimumRecords'>, options: ParseOptions | undefined): void {
    if (this.files === 0) throw new FeedError('NO_FILE', `${feed.name}: no file of this feed was given.`);
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
