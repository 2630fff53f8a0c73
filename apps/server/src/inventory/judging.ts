import type { Context } from '../context.ts';
import { isBusyError } from '../db/database-error.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';

/** Also without being woken: another process takes documents, or died before it judged what it took. */
const pollMs = 2000;

/**
 * Judges new package versions behind the acknowledgement of the documents that brought them, one part after the other. What it has to
 * do stands in the database, so whoever starts next goes on where a killed server stopped.
 */
export class Judging implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'log'>;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(context: Pick<Context, 'db' | 'log'>) {
    this.#context = context;
  }

  /** Never throws and never waits: what fails is tried again later. */
  wake(): void {
    this.#again = true;
    if (this.#running || this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), pollMs).unref();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { db, log } = this.#context;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await judgeUnjudged(db).catch((error: unknown) => {
        if (!isBusyError(error)) log.error({ err: error }, 'new package versions could not be judged; they wait');
      });
    }
  }
}
