import type { Pool, PoolClient } from 'pg';

/** Any number that nobody else uses for advisory locks with one key. */
const lockKey = 0x5665_6403;

/**
 * Which of several processes does what must be done once: the one whose connection holds a lock in the database. It goes to another as
 * soon as PostgreSQL sees that connection end, be it by SIGKILL.
 */
export class Leadership implements AsyncDisposable {
  readonly #pool: Pool;
  #client: PoolClient | null = null;
  #asking: Promise<boolean> | null = null;
  #isEnded = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Whether this process leads; takes the lead where nobody has it. Throws what the database throws. */
  lead(): Promise<boolean> {
    if (this.#client) return Promise.resolve(true);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Gives the lead to whoever asks next. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#asking?.catch(() => undefined);
    // Where the connection is gone, so is the lock.
    await this.#client?.query('select pg_advisory_unlock($1::bigint)', [lockKey]).catch(() => undefined);
    this.#drop();
  }

  async #ask(): Promise<boolean> {
    if (this.#isEnded) return false;
    const client = await this.#pool.connect();
    try {
      const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1::bigint) as free', [lockKey]);
      if (!rows[0]?.free || this.#isEnded) {
        client.release(this.#isEnded);
        return false;
      }
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#client = client;
    // Without the connection there is no lock: somebody else may lead already.
    client.once('error', () => this.#drop());
    client.once('end', () => this.#drop());
    return true;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    // Closed, not returned: the lock belongs to the connection.
    client?.release(true);
  }
}
