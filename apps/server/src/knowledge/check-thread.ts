import { Worker } from 'node:worker_threads';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { CheckDifferences, HashedCheck, MadeChecks } from './check-maker.ts';
import type { CheckSource } from './import-knowledge.ts';

/** What the thread is asked, and what it answers to each. */
export interface CheckQuestions {
  put: { ask: { feed: string; body: Uint8Array | null }; answer: null };
  /** With spaces between: many strings take long between threads. */
  named: { ask: null; answer: string };
  merge: { ask: { base: string; feeds: readonly string[] }; answer: string[] };
  make: { ask: { numbers: ReadonlyMap<string, number>; today: string }; answer: MadeChecks };
  compare: { ask: { known: ReadonlyMap<number, string> | null }; answer: CheckDifferences };
  take: { ask: { numbers: readonly number[] }; answer: HashedCheck[] };
  /** What was made last is what is known from now on. */
  adopt: { ask: null; answer: null };
}

export type CheckQuestion = {
  [Kind in keyof CheckQuestions]: { kind: Kind; ask: CheckQuestions[Kind]['ask'] };
}[keyof CheckQuestions];
export type CheckAnswer = { readonly answer: unknown } | { readonly error: string };

/** Of packed inputs: what is larger is made and given up again, since it would take several hundred MB for good. */
const maxHeldBytes = 24 * 1024 * 1024;
/** Of everything that all feeds say less than half. */
const maxMemoryMb = 4096;

/**
 * A CheckMaker in a thread of its own: making checks does not keep agents waiting. It holds what the feeds said last, as knowledge_input
 * has it, so that an import costs what changed since the one before.
 */
export class CheckThread implements AsyncDisposable {
  #worker: Worker | null = null;
  /** Which writing of each feed's input the thread has: the transaction that wrote the row. */
  readonly #held = new Map<string, string>();
  #bytes = 0;
  #adopted: number | null = null;
  #named: { readonly of: string; readonly names: ReadonlySet<string> } | null = null;

  /** Whether it keeps what it made. */
  get stays(): boolean {
    return this.#bytes <= maxHeldBytes;
  }

  /** Knowledge version whose checks the thread remembers. */
  get version(): number | null {
    return this.#adopted;
  }

  /** Brings the thread to what the feeds say now. Returns the feeds that said anything. */
  async follow(db: Kysely<Database>): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ feed: string; writer: string; bytes: number }>`
      select feed, xmin::text as writer, length(body) as bytes from knowledge_input order by feed`.execute(db);
    const stored = new Map(rows.map(({ feed, writer }) => [feed, writer]));
    this.#bytes = rows.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const feed of this.#held.keys()) {
      if (stored.has(feed)) continue;
      await this.#ask('put', { feed, body: null });
      this.#held.delete(feed);
    }
    for (const [feed, writer] of stored) {
      if (this.#held.get(feed) === writer) continue;
      const found = await sql<{ body: Buffer; writer: string }>`
        select body, xmin::text as writer from knowledge_input where feed = ${feed}`.execute(db);
      const [row] = found.rows;
      if (!row) continue;
      await this.#ask('put', { feed, body: row.body });
      this.#held.set(feed, row.writer);
    }
    return new Set(this.#held.keys());
  }

  /** Takes what a feed says now, as the transaction `writer` stored it; it need not be read again. */
  async hold(feed: string, { writer, body }: { readonly writer: string; readonly body: Uint8Array }): Promise<void> {
    await this.#ask('put', { feed, body });
    this.#held.set(feed, writer);
  }

  /** Vulnerabilities that some advisory of what it follows names. */
  async named(): Promise<ReadonlySet<string>> {
    const of = [...this.#held].flat().join();
    if (this.#named?.of === of) return this.#named.names;
    const text = this.#held.size === 0 ? '' : await this.#ask('named', null);
    const names = new Set(text === '' ? [] : text.split(' '));
    this.#named = { of, names };
    return names;
  }

  /** For an import of what these feeds say, over what the feed `base` says of others. */
  source(base: string, feeds: readonly string[]): CheckSource {
    return {
      version: this.#adopted,
      merge: () => this.#ask('merge', { base, feeds }),
      make: (numbers, today) => this.#ask('make', { numbers, today }),
      compare: (known) => this.#ask('compare', { known }),
      take: (numbers) => this.#ask('take', { numbers }),
    };
  }

  /** What it made last is this knowledge version, for good. */
  async adopt(version: number): Promise<void> {
    if (!this.stays) return this[Symbol.asyncDispose]();
    if (!this.#worker) return;
    await this.#ask('adopt', null);
    this.#adopted = version;
  }

  /** Ends the thread; the next question starts another. */
  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#held.clear();
    this.#adopted = null;
    await worker?.terminate();
  }

  /** One question at a time. Rejects, and ends the thread, when it fails. */
  async #ask<Kind extends keyof CheckQuestions>(
    kind: Kind,
    ask: CheckQuestions[Kind]['ask'],
  ): Promise<CheckQuestions[Kind]['answer']> {
    const worker = (this.#worker ??= new Worker(new URL('./make-checks-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
    }));
    worker.ref();
    const { promise, resolve, reject } = Promise.withResolvers<CheckAnswer>();
    const stop = (): void => reject(new Error('the thread that makes checks has ended'));
    worker.once('message', resolve).once('error', reject).once('exit', stop);
    try {
      worker.postMessage({ kind, ask });
      const answer = await promise;
      if ('error' in answer) throw new Error(answer.error);
      return answer.answer as CheckQuestions[Kind]['answer']; // of our own thread
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    } finally {
      worker.off('message', resolve).off('error', reject).off('exit', stop).unref();
    }
  }
}
