import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Database, migrate, openDatabase, preparation, startEmbeddedPostgres } from '@vedette/server';
import { type Kysely, sql } from 'kysely';
import type { PoolConfig } from 'pg';

export const postgresDirectoryVariable = 'VEDETTE_TEST_POSTGRES';

export interface ThrowAwayDatabase extends AsyncDisposable {
  readonly db: Kysely<Database>;
  /** For code under test that opens its own pool. */
  readonly connection: PoolConfig & { host: string; user: string; database: string };
}

interface Wish {
  readonly empty?: boolean;
  readonly forShards?: boolean;
}

const template = 'vedette_template';
const templateLock = 8421;

/**
 * A fresh, migrated database on a real PostgreSQL, cloned from a template that is made once per test run; `empty`: without a schema;
 * `forShards`: as it is just before its tables are put into shards. Needs postgres-global-setup.ts in vitest's globalSetup. Dispose it in
 * afterAll.
 */
export async function throwAwayDatabase({ empty = false, forShards = false }: Wish = {}): Promise<ThrowAwayDatabase> {
  const directory = process.env[postgresDirectoryVariable];
  if (directory === undefined) throw new Error('packages/testkit/src/postgres-global-setup.ts is missing in vitest.config.ts');
  const server = await startEmbeddedPostgres({
    dataDirectory: join(directory, 'postgres'),
    log: () => undefined,
    exclusive: false,
    // Data of tests need not survive anything.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  const database = `test_${randomBytes(8).toString('hex')}`;
  const admin = openDatabase({ ...server.connection, max: 1 });
  try {
    if (!empty) await ensureTemplate(admin.db, server.connection);
    await sql`create database ${sql.id(database)} template ${sql.id(empty ? 'template1' : template)}`.execute(admin.db);
  } finally {
    await admin.close();
    await server[Symbol.asyncDispose]();
  }
  const connection = { ...server.connection, database };
  const { db, close } = openDatabase(connection);
  if (forShards) for (const statement of preparation) await sql.raw(statement).execute(db);
  return { db, connection, [Symbol.asyncDispose]: close };
}

/** The first caller of the run migrates; the others wait for it at the lock. */
async function ensureTemplate(db: Kysely<Database>, connection: PoolConfig): Promise<void> {
  await sql`select pg_advisory_lock(${sql.lit(templateLock)})`.execute(db);
  try {
    const { rows } = await sql`select from pg_database where datname = ${template}`.execute(db);
    if (rows.length > 0) return;
    const making = `${template}_making`;
    await sql`drop database if exists ${sql.id(making)}`.execute(db);
    await sql`create database ${sql.id(making)}`.execute(db);
    const target = openDatabase({ ...connection, database: making });
    try {
      await migrate(target.db);
    } finally {
      await target.close();
    }
    await sql`alter database ${sql.id(making)} rename to ${sql.id(template)}`.execute(db);
  } finally {
    await sql`select pg_advisory_unlock(${sql.lit(templateLock)})`.execute(db);
  }
}
