import type { PoolClient } from 'pg';
import type { Context } from '../context.ts';

/** What a process wants to hear of, from whichever process says it. */
export interface Subscription {
  /** Channel of NOTIFY. */
  readonly channel: string;
  readonly heard: (payload: string) => Promise<void>;
  /** From now on nothing is missed; what was said before may have been. */
  readonly connected: () => Promise<void>;
  /** What is said from now on may be missed, until `connected`. */
  readonly lost?: () => void;
}

const reconnectMs = 1000;

/** Listens on one connection of the database for all subscriptions of this process, and connects again by itself. */
export class Notifications implements AsyncDisposable {
  readonly #context: Pick<Context, 'pool' | 'log'>;
  readonly #subscriptions: readonly Subscription[];
  #client: PoolClient | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(context: Pick<Context, 'pool' | 'log'>, subscriptions: readonly Subscription[]) {
    this.#context = context;
    this.#subscriptions = subscriptions;
  }

  /** Begins to listen; tries again by itself while the database is away. */
  async start(): Promise<void> {
    if (this.#isClosed) return;
    const { pool, log } = this.#context;
    try {
      const client = await pool.connect();
      client.on('notification', ({ channel, payload = '' }) => void this.#heard(channel, payload));
      client.once('error', (error) => {
        log.warn({ err: error }, 'the connection that hears of changes broke');
        this.#drop(error);
        this.#startLater();
      });
      this.#client = client;
      for (const { channel } of this.#subscriptions) await client.query(`listen ${channel}`);
      // After LISTEN, so that nothing falls in between.
      for (const { connected } of this.#subscriptions) await connected();
      // The server may have been closed meanwhile.
      if (this.#isClosed) this.#drop();
    } catch (error) {
      log.warn({ err: error }, 'changes cannot be heard of yet');
      this.#drop(error as Error);
      this.#startLater();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#retry) clearTimeout(this.#retry);
    this.#drop();
  }

  async #heard(channel: string, payload: string): Promise<void> {
    try {
      await this.#subscriptions.find((each) => each.channel === channel)?.heard(payload);
    } catch (error) {
      this.#context.log.warn({ err: error, channel }, 'what was heard of could not be read');
    }
  }

  #drop(error?: Error): void {
    const client = this.#client;
    this.#client = null;
    for (const { lost } of this.#subscriptions) lost?.();
    client?.removeAllListeners('notification');
    // Not back into the pool: it would go on listening there.
    client?.release(error ?? true);
  }

  #startLater(): void {
    if (!this.#isClosed) this.#retry = setTimeout(() => void this.start(), reconnectMs).unref();
  }
}
