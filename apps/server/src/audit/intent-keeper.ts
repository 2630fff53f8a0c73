import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { isBusyError } from '../db/database-error.ts';
import { logAudited } from './audit-request.ts';
import { abandonedMs, settleAbandoned } from './intents.ts';

const lookMs = 60_000;

/** Tells of operations that were begun by processes that are no more. Any number of processes may run it. */
export class IntentKeeper implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'clock' | 'log' | 'config'>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(context: Pick<Context, 'db' | 'clock' | 'log' | 'config'>) {
    this.#context = context;
  }

  /** Looks at once: an embedded database has one platform, so that whatever is found at its start, nobody is at it. */
  async start(): Promise<void> {
    await this.#tryLook(this.#context.config.secrets.databaseUrl === undefined ? 0 : abandonedMs);
    this.#running = this.#run();
  }

  /** Tells of all that nobody has been at for so long. Throws what the database throws. */
  async look(olderThanMs: number = abandonedMs): Promise<void> {
    const { db, clock } = this.#context;
    for (;;) {
      const settled = await settleAbandoned(db, { now: clock(), olderThanMs });
      if (!settled) return;
      logAudited(this.#context, settled.event, settled.head);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await delay(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#tryLook(abandonedMs);
    }
  }

  async #tryLook(olderThanMs: number): Promise<void> {
    try {
      await this.look(olderThanMs);
    } catch (error) {
      if (!this.#stop.signal.aborted && !isBusyError(error))
        this.#context.log.error({ err: error }, 'interrupted operations could not be told yet');
    }
  }
}
