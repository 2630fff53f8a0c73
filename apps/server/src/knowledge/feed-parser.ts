import { Worker } from 'node:worker_threads';
import { FeedFetchError, type FeedFetchErrorCode } from './feed-error.ts';

/** A file on this machine that belongs to a feed. */
export interface LocalFile {
  readonly path: string;
  /** As its source calls it: tells format and compression. */
  readonly name: string;
  /** Its path below what was read, with slashes. */
  readonly place: string;
}

export interface ParseJob {
  readonly feed: string;
  readonly files: readonly LocalFile[];
  /** Only facts about these vulnerabilities are wanted. One text with spaces between: many strings take long between threads. */
  readonly cves: string;
  /** What is known of the feed (stored-input), when the files hold only changes; null when they are all of it. */
  readonly base: Uint8Array | null;
}

/** Everything of a feed as it is stored. */
export interface ParsedFeed {
  readonly body: Uint8Array;
  readonly records: number;
  /** Of the files, in order. */
  readonly sha256: string;
  readonly bodySha256: Uint8Array;
  /** Vulnerabilities that its advisories name, with spaces between. */
  readonly named: string;
}

export type ParseResult = ParsedFeed | { readonly code: FeedFetchErrorCode; readonly message: string };

/** The largest real feeds take half of it. */
const maxMemoryMb = 1536;

/** An idle thread is kept, since starting one takes longer than reading most feeds; for so long when it has read much and is large. */
const idleMs = 60_000;
/** As it is stored. */
const largeBytes = 2 * 1024 * 1024;

/** Parses feeds in a thread of its own; one at a time. */
export class FeedParser implements AsyncDisposable {
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | null = null;
  #isLarge = false;

  /** Throws FeedFetchError for whatever is wrong with the feed, and when `signal` ends it. */
  async parse(job: ParseJob, signal: AbortSignal): Promise<ParsedFeed> {
    signal.throwIfAborted();
    if (this.#idle) clearTimeout(this.#idle);
    this.#worker ??= new Worker(new URL('./parse-feed-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
    });
    this.#worker.ref();
    const result = await this.#ask(this.#worker, job, signal);
    this.#worker?.unref();
    const failed = 'code' in result;
    this.#isLarge ||= failed || result.body.length + (job.base?.length ?? 0) > largeBytes;
    if (this.#isLarge) this.#idle = setTimeout(() => void this[Symbol.asyncDispose](), idleMs).unref();
    if (failed) throw new FeedFetchError(result.code, result.message);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#idle) clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = null;
    this.#isLarge = false;
    await worker?.terminate();
  }

  async #ask(worker: Worker, job: ParseJob, signal: AbortSignal): Promise<ParseResult> {
    const { promise, resolve, reject } = Promise.withResolvers<ParseResult>();
    const stop = (): void => reject(new FeedFetchError('PARSER', `Reading ${job.feed} took too long.`));
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', stop);
    signal.addEventListener('abort', stop, { once: true });
    try {
      worker.postMessage(job);
      return await promise;
    } catch (cause) {
      // Whatever it was doing, the next feed gets a new one.
      await this[Symbol.asyncDispose]();
      if (cause instanceof FeedFetchError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new FeedFetchError('PARSER', `${job.feed} could not be read: ${reason}. What was known of it stays in use.`, {
        cause,
      });
    } finally {
      signal.removeEventListener('abort', stop);
      worker.off('message', resolve).off('error', reject).off('exit', stop);
    }
  }
}
