import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { ownerRights } from '../auth/owner-rights.ts';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import { isBusyError } from '../db/database-error.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { makeReport } from './make-report.ts';
import { runDueSchedules } from './schedule-store.ts';
import { readWish } from './stored-wish.ts';
import { appendChunk, claimReport, deleteExpired, dropChunks, type ReportRow, settleReport } from './store.ts';

const pollMs = 5000;
/** Whoever makes a report says so again with every chunk; after so long without a word another one begins it anew. */
const claimMs = 5 * 60_000;
/** What arrived before the moment of a report is in the database so much later at the latest. */
const settleMs = 2000;
const chunkBytes = 512 * 1024;
const maxBytes = 2 * 1024 ** 3;
const maxAttempts = 3;
/** A platform that cannot make it yet is asked again after so long. */
const laterMs = 10_000;

/** Hears of a report that is done, in the transaction that says so. */
export type OnDone = (tx: Kysely<Database>, report: ReportRow) => Promise<void>;

/**
 * Makes the reports that wait, one after the other, from the database to the database: whichever process is there makes them, and one that
 * was killed over a report leaves it to the next.
 */
export class ReportKeeper implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock' | 'log'>;
  readonly #onDone: OnDone;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(context: Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock' | 'log'>, onDone: OnDone) {
    this.#context = context;
    this.#onDone = onDone;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), pollMs).unref();
    this.wake();
  }

  /** Looks at once whether there is something to make. */
  wake(): void {
    if (this.#isStopped) return;
    // Whoever asked may see less than what waits here was asked for.
    this.#running ??= outsideScope(() => this.work()).finally(() => {
      this.#running = null;
    });
  }

  /** Makes what waits, until nothing does. Never throws. */
  async work(): Promise<void> {
    const { db, clock, log } = this.#context;
    try {
      await deleteExpired(db, clock());
      await runDueSchedules(this.#context, clock());
      while (!this.#isStopped) {
        const now = clock();
        const [until, settledBefore] = [new Date(now.getTime() + claimMs), new Date(now.getTime() - settleMs)];
        const row = await claimReport(db, { now, until, settledBefore });
        if (!row) return;
        await this.#make(row);
      }
    } catch (error) {
      log.warn({ err: error }, 'reports cannot be made at the moment');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  async #make(row: ReportRow): Promise<void> {
    const { db, log, clock } = this.#context;
    try {
      if (row.attempts > maxAttempts) throw new ApiError('BAD_REQUEST', `It was begun ${maxAttempts} times and never finished.`);
      await dropChunks(db, row);
      await this.#settleKnowledge();
      await this.#write(row);
    } catch (error) {
      const isEarly = error instanceof ApiError && error.code === 'UNAVAILABLE';
      if (isEarly || this.#isStopped || isBusyError(error)) {
        const claimedUntil = this.#isStopped ? null : new Date(clock().getTime() + laterMs);
        const attempts = isEarly || this.#isStopped ? row.attempts - 1 : row.attempts;
        await settleReport(db, row, { state: 'queued', claimedUntil, attempts });
        return;
      }
      const isAsked = error instanceof ApiError;
      if (!isAsked) log.error({ err: error, report: row.id }, 'a report could not be made');
      const problem = isAsked ? error.message : 'It could not be made; the log of the platform says why.';
      await dropChunks(db, row);
      await settleReport(db, row, { state: 'failed', problem, finishedAt: clock() });
    }
  }

  /** Judges what waits, and so also waits for an import that has begun: what it brings has its moment before it is there. */
  async #settleKnowledge(): Promise<void> {
    try {
      await judgeUnjudged(this.#context.db);
    } catch (error) {
      if (!isBusyError(error)) throw error;
      throw new ApiError('UNAVAILABLE', 'Knowledge is being imported.', { cause: error });
    }
  }

  async #write(row: ReportRow): Promise<void> {
    const { db, clock } = this.#context;
    const { organizationId, asOf, since } = row;
    const wish = readWish(row.wish);
    if (!wish) throw new ApiError('BAD_REQUEST', 'What it asks for is understood no more: have it made anew.');
    const { scopes, problem } = await ownerRights(db, row, 'report:write', 'detection:read');
    if (problem !== null) throw new ApiError('FORBIDDEN', problem);
    const made = await makeReport(this.#context, { organizationId, wish, asOf, since, scopes });
    const hash = createHash('sha256');
    let [bytes, number] = [0, 0];
    for await (const content of inChunks(made.bytes)) {
      if (this.#isStopped) throw new Error('the platform stops');
      hash.update(content);
      bytes += content.length;
      if (bytes > maxBytes) throw new ApiError('BAD_REQUEST', `It is larger than ${maxBytes / 1024 ** 3} GB; narrow its scope.`);
      const until = new Date(clock().getTime() + claimMs);
      if (!(await appendChunk(db, row, { number, content, until }))) return;
      number += 1;
    }
    await db.transaction().execute(async (tx) => {
      const result = { bytes, rows: made.rows(), sha256: hash.digest('hex') };
      const isOurs = await settleReport(tx, row, { state: 'done', finishedAt: clock(), claimedUntil: null, ...result });
      if (isOurs) await this.#onDone(tx, { ...row, ...result, state: 'done' });
    });
  }
}

/** Small parts joined to chunks of about the same size. */
async function* inChunks(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    waiting.push(part);
    size += part.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(waiting);
    [waiting, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(waiting);
}
