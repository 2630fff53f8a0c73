import type { Socket } from 'node:net';
import { eventually, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concurrentIndex } from './concurrent-index.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { SchemaMigration } from './migrations/schema-migration.ts';
import type { Database } from './schema.ts';

const patienceMs = 30_000;
let database: ThrowAwayDatabase;
let db: Kysely<Database>;
let lines: string[];
const log = pino({ base: null }, { write: (line) => void lines.push(line) });

beforeEach(async () => {
  database = await throwAwayDatabase();
  ({ db } = database);
  lines = [];
});
afterEach(() => database[Symbol.asyncDispose]());

function statements(...texts: string[]): SchemaMigration {
  return {
    async up(target: Kysely<unknown>) {
      for (const text of texts) await sql.raw(text).execute(target);
    },
  };
}

function all(more: Readonly<Record<string, SchemaMigration>>): Record<string, SchemaMigration> {
  return { ...migrations, ...more };
}

const mood = { '901-mood': statements('alter table tag add column mood text', 'alter table asset add column mood text') };
const byName = { '902-by-name': concurrentIndex({ name: 'asset_hostname', table: 'asset', of: '(hostname)' }) };
const inParts = { '903-in-parts': concurrentIndex({ name: 'fact_change_n', table: 'fact_change', of: '(sequence)' }) };

/** A transaction of somebody else that lasts until this is disposed. */
async function holding(text: string): Promise<AsyncDisposable & { readonly end: () => Promise<void> }> {
  const other = openDatabase({ ...database.connection, application_name: 'a report' });
  const transaction = await other.db.startTransaction().execute();
  await sql.raw(text).execute(transaction);
  let ended = false;
  const end = async (): Promise<void> => {
    if (!ended) await transaction.rollback().execute();
    ended = true;
  };
  return {
    end,
    async [Symbol.asyncDispose]() {
      await end();
      await other.close();
    },
  };
}

/** What it came to, an error too: one that is thrown while something else is awaited would be nobody's. */
function outcomeOf(migrating: Promise<string[]>): Promise<unknown> {
  return migrating.catch((error: unknown) => error);
}

const aRead = 'select from asset';
const aWrite = 'lock table asset in row exclusive mode';

/** The log says so. */
function said(text: string): Promise<string> {
  return eventually(text, patienceMs, () => lines.find((line) => line.includes(text)) ?? null);
}

async function columns(name: string): Promise<number> {
  const { rows } = await sql`select from pg_attribute where attname = ${name} and attnum > 0`.execute(db);
  return rows.length;
}

/** Of indexes by this name, or of parts of one: whether each is of use. */
async function indexes(name: string): Promise<boolean[]> {
  const { rows } = await sql<{ valid: boolean }>`
    select indisvalid as valid from pg_index join pg_class on pg_class.oid = indexrelid where relname like ${`%${name}`}`.execute(
    db,
  );
  return rows.map(({ valid }) => valid);
}

/** Ends what migrates, as SIGKILL does once PostgreSQL notices. */
async function killWhileWaiting(): Promise<void> {
  await eventually('a wait', patienceMs, async () => {
    const { rows } = await sql`
      select pg_terminate_backend(pg_locks.pid) from pg_locks join pg_stat_activity on pg_stat_activity.pid = pg_locks.pid
      where not granted and datname = current_database()`.execute(db);
    return rows.length > 0 ? true : null;
  });
}

describe('migrate', () => {
  it('keeps what was applied before one that fails, and goes on there', async () => {
    const broken = { '902-broken': statements('alter table tag add column other text', 'select 1 / 0') };
    await expect(migrate(db, all({ ...mood, ...broken }))).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('902-broken'),
    });
    expect([await columns('mood'), await columns('other')]).toEqual([2, 0]);
    expect(await migrate(db, all({ ...mood, '902-broken': statements('alter table tag add column other text') }))).toEqual([
      '902-broken',
    ]);
  });

  it('gives way to who uses a table, says who that is, and keeps nobody else from it', async () => {
    await using reader = await holding(aRead);
    const applied = migrate(db, all(mood), { log });
    expect(JSON.parse(await said('a migration waits'))).toMatchObject({
      migration: '901-mood',
      waitsFor: expect.stringMatching(/^asset, which \d+ \(a report\) uses since 2/),
    });
    // Behind one that waits for its lock, this would wait as long as the reader reads.
    for (let round = 0; round < 3; round += 1) await sql`update asset set hostname = hostname`.execute(db);
    expect(await columns('mood')).toBe(0);
    await reader.end();
    expect(await applied).toEqual(['901-mood']);
    expect(await columns('mood')).toBe(2);
  });

  it('gives up after a while, with nothing half done, and names who was in the way', async () => {
    await using _reader = await holding(aRead);
    await expect(migrate(db, all(mood), { patienceMs: 0 })).rejects.toMatchObject({
      code: 'BLOCKED',
      message: expect.stringContaining('a report'),
    });
    expect(await columns('mood')).toBe(0);
  });

  it('waits until no connection shows what it takes away, and takes nothing from any', async () => {
    const scoped = openDatabase(database.connection);
    const client = await scoped.pool.connect();
    // As scoped-pool.ts makes them: without it this connection would see what it may not.
    await client.query('create temporary view tag as select * from public.tag where false');
    const gone = { '901-gone-needs-034': statements('alter table tag drop column description') };
    const applied = migrate(db, all(gone), { log });
    expect(await said('a migration waits')).toContain('other objects depend on it');
    await client.query('select from pg_temp.tag');
    client.release(true);
    expect(await applied).toEqual(['901-gone-needs-034']);
    await scoped.close();
  });

  it('ends when it is told to while it waits', async () => {
    await using _reader = await holding(aRead);
    const stop = new AbortController();
    const applied = migrate(db, all(mood), { log, signal: stop.signal });
    const outcome = outcomeOf(applied);
    await said('a migration waits');
    stop.abort();
    expect(await outcome).toMatchObject({ name: 'AbortError' });
  });

  it('leaves nothing of one that was killed, and applies it at the next start', async () => {
    await using reader = await holding(aRead);
    const killed = outcomeOf(migrate(db, all(mood)));
    await killWhileWaiting();
    expect(await killed).toMatchObject({ code: 'FAILED' });
    expect(await columns('mood')).toBe(0);
    await reader.end();
    expect(await migrate(db, all(mood))).toEqual(['901-mood']);
  });

  it('goes on beside a newer release that added something, and says so', async () => {
    await migrate(db, all(mood));
    expect(await migrate(db, migrations, { log })).toEqual([]);
    expect(lines.join()).toContain('"newer":["901-mood"]');
  });

  it('refuses a database that a newer release made useless for it, and no release that knows enough', async () => {
    const gone = { '902-gone-needs-901': statements('alter table tag drop column description') };
    await migrate(db, all({ ...mood, ...gone }));
    await expect(migrate(db)).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
    expect(await migrate(db, all(mood))).toEqual([]);
  });

  it('refuses a database that lacks what it knows and has what it does not', async () => {
    await migrate(db, all(byName));
    await expect(migrate(db, all(mood))).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
  });
});

describe('an index that is built beside others', () => {
  it('waits for who writes, keeps nobody from writing, and is built once by two that start at once', async () => {
    await using writer = await holding(aWrite);
    const second = openDatabase(database.connection);
    const applied = Promise.all([migrate(db, all(byName)), migrate(second.db, all(byName), { log })]);
    await eventually('the index', patienceMs, async () => ((await indexes('asset_hostname')).length > 0 ? true : null));
    await sql`update asset set hostname = hostname`.execute(db);
    await writer.end();
    expect((await applied).flat()).toEqual(['902-by-name']);
    expect(await indexes('asset_hostname')).toEqual([true]);
    await second.close();
  });

  it('is awaited by the next start where PostgreSQL goes on with what a killed process began', async () => {
    await using writer = await holding(aWrite);
    const killed = openDatabase(database.connection);
    const sockets: Socket[] = [];
    killed.pool.on('connect', (client) =>
      sockets.push((client as unknown as { connection: { stream: Socket } }).connection.stream),
    ); // pg does not tell of it
    const cut = outcomeOf(migrate(killed.db, all(byName)));
    await eventually('the index', patienceMs, async () => ((await indexes('asset_hostname')).length > 0 ? true : null));
    for (const socket of sockets) socket.destroy();
    expect(await cut).toMatchObject({ code: 'FAILED' });
    const applied = migrate(db, all(byName), { log });
    await said('another process migrates');
    await writer.end();
    expect(await applied).toEqual(['902-by-name']);
    expect(await indexes('asset_hostname')).toEqual([true]);
    await killed.close();
  });

  it('holds no lock that writers would meet while it reads the table', async () => {
    await sql`
      create function unhindered(text) returns text immutable language plpgsql as $$ begin
        if exists (select from pg_locks where pid = pg_backend_pid() and relation = 'public.tag'::regclass
          and mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')) then
          raise exception 'somebody would wait';
        end if;
        return $1;
      end $$`.execute(db);
    await sql`
      insert into tag (organization_id, name, valid_from, description, changed_by)
      values (gen_random_uuid(), 'a', now(), '', 'b')`.execute(db);
    const plan = { name: 'tag_seen', table: 'tag', of: '(unhindered(name))' };
    expect(await migrate(db, all({ '904-seen': concurrentIndex(plan) }))).toEqual(['904-seen']);
    // The same without care.
    const careless = all({ '904-seen': concurrentIndex(plan), '905-careless': statements(`create index on tag ${plan.of}`) });
    await expect(migrate(db, careless)).rejects.toMatchObject({ cause: { message: 'somebody would wait' } });
  });

  it.each([
    ['asset', byName, 'asset_hostname', 1],
    ['fact_change_rest', inParts, 'fact_change_n', 3],
  ] as const)('is built again when its process was killed: %s', async (table, more, name, parts) => {
    await using writer = await holding(`lock table ${table} in row exclusive mode`);
    const killed = outcomeOf(migrate(db, all(more)));
    await killWhileWaiting();
    expect(await killed).toMatchObject({ code: 'FAILED' });
    expect(await indexes(name)).toContain(false);
    await writer.end();
    expect(await migrate(db, all(more))).toEqual(Object.keys(more));
    expect(await indexes(name)).toEqual(Array.from({ length: parts }, () => true));
  });
});
