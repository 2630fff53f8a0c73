import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Logger } from 'pino';
import { isObstructed } from './database-error.ts';
import { migrations } from './migrations/index.ts';
import type { SchemaMigration } from './migrations/schema-migration.ts';
import type { Database } from './schema.ts';

/**
 * DATABASE_NEWER - a newer release has changed the database so that this one cannot use it; BLOCKED - somebody held a lock for so long that
 * a migration gave up; FAILED - a migration did not apply. What was applied before it stays, and the next start goes on there.
 */
export type MigrationErrorCode = 'DATABASE_NEWER' | 'BLOCKED' | 'FAILED';

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface MigrateOptions {
  readonly log?: Logger;
  readonly signal?: AbortSignal;
  /** How long a migration tries to get its locks before it gives up. */
  readonly patienceMs?: number;
}

type Migrations = Readonly<Record<string, SchemaMigration>>;

/** Any number that nobody else uses for advisory locks with one key. */
const turnLock = 0x5665_6404;
const turnMs = 200;
/**
 * Whoever waits for a lock that excludes others has all who come after it wait, too. So the first attempt lasts this long, each later one twice
 * as long, up to a limit that is beyond `deadlock_timeout`, when PostgreSQL stops an autovacuum that is in the way.
 */
const shortestWaitMs = 100;
const longestWaitMs = 2000;
/** Between two attempts others have so many times as long as they waited. */
const pauses = 5;
const defaultPatienceMs = 10 * 60_000;
/** How often it is said what an index that is being built waits for. */
const sayMs = 30_000;

/**
 * Brings the schema up to this program while others use it: docs/adr/0025-online-migrations.md. Of several processes that start at once one
 * migrates, the others wait. Returns the names of what was applied now. Throws MigrationError.
 */
export async function migrate(
  db: Kysely<Database>,
  known: Migrations = migrations,
  options: MigrateOptions = {},
): Promise<string[]> {
  if ((await loadPending(db, known, options.log)).length === 0) return [];
  // All is done on one connection: where this process is killed, its turn lasts as long as a statement that PostgreSQL is still at.
  return db.connection().execute(async (connection) => {
    try {
      await takeTurn(connection, options);
      const applied: string[] = [];
      for (;;) {
        const [next] = await loadPending(connection, known);
        if (next === undefined) return applied;
        await apply({ ...options, db, connection, known }, next);
        applied.push(next);
      }
    } finally {
      // A connection that broke has given up all of it.
      await sql`reset all`.execute(connection).catch(() => undefined);
      await sql`select pg_advisory_unlock(${turnLock}::bigint)`.execute(connection).catch(() => undefined);
    }
  });
}

/**
 * What is known and not applied, in order. Migrations of a newer release are no obstacle, unless one's name says that it needs programs that
 * know more: `041-no-fact-rows-needs-038`.
 */
async function loadPending(db: Kysely<Database>, known: Migrations, log?: Logger): Promise<string[]> {
  const { rows: tables } = await sql<{ there: boolean }>`select to_regclass('kysely_migration') is not null as there`.execute(db);
  // The migrator's own table is not part of our schema.
  const applied = tables[0]?.there
    ? (await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)).rows
    : [];
  const names = new Set(applied.map(({ name }) => name));
  const pending = Object.keys(known)
    .filter((name) => !names.has(name))
    .toSorted();
  const newer = [...names].filter((name) => !Object.hasOwn(known, name));
  if (newer.length === 0) return pending;
  const newest = Object.keys(known).toSorted().at(-1) ?? '';
  if (pending.length > 0 || newer.some((name) => (/-needs-(\d{3})$/.exec(name)?.[1] ?? '') > newest.slice(0, 3))) {
    const message = `The database was changed by a newer release of Vedette (${newer.join(', ')}). Start that release, or restore a backup.`;
    throw new MigrationError('DATABASE_NEWER', message);
  }
  log?.warn({ newer }, 'a newer release has changed the database; this one goes on beside it');
  return [];
}

/**
 * Asked again and again instead of waited for: an index that is built concurrently waits for every statement that began before, also for one
 * that waits for a lock.
 */
async function takeTurn(connection: Kysely<Database>, { log, signal }: MigrateOptions): Promise<void> {
  for (let asked = 0; ; asked += 1) {
    const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_lock(${turnLock}::bigint) as free`.execute(connection);
    if (rows[0]?.free) return;
    if (asked === 0) log?.info('another process migrates the database; this one waits for it');
    await delay(turnMs, undefined, { signal });
  }
}

interface Run extends MigrateOptions {
  readonly db: Kysely<Database>;
  readonly connection: Kysely<Database>;
  readonly known: Migrations;
}

/** Applies the next migration. It gives way to whoever holds a lock it needs, and tries again. */
async function apply({ db, connection, known, log, signal, patienceMs = defaultPatienceMs }: Run, name: string): Promise<void> {
  const disableTransactions = known[name]?.isResumed === true;
  const migrator = new Migrator({ db: connection, provider: { getMigrations: () => Promise.resolve({ ...known }) } });
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection);
  const pid = rows[0]?.pid ?? 0;
  const say = (waitsFor: string): void => log?.warn({ migration: name, waitsFor }, 'a migration waits for others to end');
  let [waitMs, waitedMs] = [shortestWaitMs, 0];
  for (;;) {
    // Building an index on a large table is no defect.
    await sql`select set_config('lock_timeout', ${String(waitMs)}, false), set_config('statement_timeout', '0', false)`.execute(
      connection,
    );
    const attempt = new AbortController();
    const watching = watch(db, pid, {
      everyMs: disableTransactions ? sayMs : waitMs / 2,
      signal: attempt.signal,
      ...(disableTransactions ? { say } : {}),
    });
    const { error } = await migrator.migrateUp({ disableTransactions });
    attempt.abort();
    const seen = await watching;
    if (error === undefined) return;
    if (!isObstructed(error)) throw new MigrationError('FAILED', `The migration ${name} did not apply`, { cause: error });
    const waitsFor = seen ?? (error instanceof Error ? error.message : 'others');
    if (waitedMs > patienceMs) {
      const message = `The migration ${name} waited for ${waitsFor}; start again when that has ended`;
      throw new MigrationError('BLOCKED', message, { cause: error });
    }
    say(waitsFor);
    await delay(pauses * waitMs, undefined, { signal });
    waitedMs += (1 + pauses) * waitMs;
    waitMs = Math.min(2 * waitMs, longestWaitMs);
  }
}

/** What a connection waits for, and who has that; looked up until the signal, of which this returns the last that was seen. */
async function watch(
  db: Kysely<Database>,
  pid: number,
  { everyMs, signal, say }: { everyMs: number; signal: AbortSignal; say?: (waitsFor: string) => void },
): Promise<string | null> {
  let seen: string | null = null;
  while (await delay(everyMs, true, { signal }).catch(() => false)) {
    const { rows } = await sql<{ waitsFor: string | null }>`
      select string_agg(format('%s, which %s (%s) uses since %s', coalesce(relation::regclass::text, locktype), holder,
        coalesce(nullif(application_name, ''), backend_type, 'a prepared transaction'), xact_start), '; ') as waits_for
      from pg_locks, unnest(pg_blocking_pids(pg_locks.pid)) as holder left join pg_stat_activity on pg_stat_activity.pid = holder
      where pg_locks.pid = ${pid} and not granted`
      .execute(db)
      .catch(() => ({ rows: [] })); // the migration itself says what is wrong with the database
    const waitsFor = rows[0]?.waitsFor;
    if (waitsFor == null) continue;
    seen = waitsFor;
    say?.(waitsFor);
  }
  return seen;
}
