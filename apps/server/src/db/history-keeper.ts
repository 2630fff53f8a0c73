import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { foldHistory } from './fold-history.ts';
import type { Database } from './schema.ts';

export interface HistoryKeeperOptions {
  readonly db: Kysely<Database>;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Histories older than this are kept only as far as detections rest on them. */
  readonly keepDays: number;
}

const dayMs = 24 * 3600 * 1000;
const everyMs = dayMs;
/** Partitions are made for the month that is and so many to come. */
const monthsAhead = 2;
/** Any number that nobody else uses for advisory locks with one key. */
const lockKey = 0x5665_6402;

/**
 * Once a day: makes the partitions of the months to come, folds those of inventory_change that are older than is kept into one, and drops
 * those of fact_change, on which no detection rests. Several servers may do so at once: one does.
 */
export class HistoryKeeper implements AsyncDisposable {
  readonly #options: HistoryKeeperOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Does at once what is due. */
  async keep(): Promise<void> {
    const { db, clock, keepDays } = this.#options;
    await db.connection().execute(async (connection) => {
      const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_lock(${lockKey}::bigint) as free`.execute(connection);
      if (!rows[0]?.free) return;
      try {
        for (const table of ['inventory_change', 'fact_change']) await makeMonths(connection, table, clock());
        await this.#fold(connection, new Date(clock().getTime() - keepDays * dayMs));
        await this.#drop(connection, new Date(clock().getTime() - keepDays * dayMs));
      } finally {
        await sql`select pg_advisory_unlock(${lockKey}::bigint)`.execute(connection);
      }
    });
  }

  /** Joins the months that are over to the partition of the past. */
  async #fold(db: Kysely<Database>, before: Date): Promise<void> {
    const due = (await loadBounds(db, 'inventory_change')).filter(({ until }) => until <= before);
    const end = due.at(-1)?.until;
    const [past] = due;
    if (!end || !past || (due.length === 1 && (await isFolded(db, past.partition)))) return;
    const partitions = due.map(({ partition }) => partition);
    const left = await foldHistory(db, { partitions, before: end });
    this.#options.log.info({ partitions, left }, 'a part of the history was folded');
  }

  async #drop(db: Kysely<Database>, before: Date): Promise<void> {
    for (const { partition, until } of await loadBounds(db, 'fact_change')) {
      // The past goes on being a partition: the oldest one.
      if (until > before || partition === 'fact_change_past') continue;
      await sql`drop table ${sql.table(partition)}`.execute(db);
      this.#options.log.info({ partition }, 'changes of facts that are no longer kept were dropped');
    }
    await sql`delete from fact_change_past where at < ${before}`.execute(db);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.keep().catch((error: unknown) => {
        if (!signal.aborted) this.#options.log.error({ err: error }, 'the histories could not be put in order');
      });
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** Partitions for this month and the next; rows that wait in the default partition move. */
async function makeMonths(db: Kysely<Database>, table: string, now: Date): Promise<void> {
  const bounds = await loadBounds(db, table);
  for (let month = 0; month <= monthsAhead; month += 1) {
    const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, 1));
    const until = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month + 1, 1));
    if (bounds.some((bound) => bound.until > from)) continue;
    const partition = `${table}_${from.toISOString().slice(0, 7).replace('-', '_')}`;
    await db.transaction().execute(async (tx) => {
      await sql`set local lock_timeout = '10s'`.execute(tx);
      const rest = sql.table(`${table}_rest`);
      await sql`lock table ${rest} in access exclusive mode`.execute(tx);
      await sql`create table ${sql.table(partition)} (like ${sql.table(table)} including defaults)`.execute(tx);
      await sql`
        with moved as (delete from ${rest} where at >= ${from} and at < ${until} returning *)
        insert into ${sql.table(partition)} select * from moved`.execute(tx);
      const range = `for values from ('${from.toISOString()}') to ('${until.toISOString()}')`;
      await sql`alter table ${sql.table(table)} attach partition ${sql.table(partition)} ${sql.raw(range)}`.execute(tx);
    });
  }
}

interface Bound {
  readonly partition: string;
  readonly until: Date;
}

async function loadBounds(db: Kysely<Database>, table: string): Promise<Bound[]> {
  const { rows } = await sql<Bound>`
    select relname as partition, (regexp_match(pg_get_expr(relpartbound, pg_class.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz as until
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = ${table}::regclass and pg_get_expr(relpartbound, pg_class.oid) <> 'DEFAULT'
    order by until`.execute(db);
  return rows;
}

/** A partition that was folded holds nothing that a transaction wrote. */
async function isFolded(db: Kysely<Database>, partition: string): Promise<boolean> {
  const { rows } = await sql`select from ${sql.table(partition)} where written_by <> '0'::xid8 limit 1`.execute(db);
  return rows.length === 0;
}
