import { eventually, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBusyError } from './database-error.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

let test: ThrowAwayDatabase;
beforeAll(async () => {
  test = await throwAwayDatabase();
}, 60_000);
afterAll(() => test[Symbol.asyncDispose]());

describe('openDatabase', () => {
  it('gives numbers, dates and buffers', async () => {
    const { rows } =
      await sql`select 9007199254740991::int8 as big, '\\x00ff'::bytea as bytes, timestamptz '2026-01-02T03:04:05Z' as at, array[1,2] as some_ids`.execute(
        test.db,
      );
    expect(rows).toEqual([
      { big: 9007199254740991, bytes: Buffer.from([0, 255]), at: new Date('2026-01-02T03:04:05Z'), someIds: [1, 2] },
    ]);
  });

  it('refuses an int8 that a number cannot hold', async () => {
    await expect(sql`select 9007199254740993::int8`.execute(test.db)).rejects.toThrow(RangeError);
  });

  it('outlives a connection that breaks between two statements of a transaction, and says so', async () => {
    const broken: Error[] = [];
    const { db, close } = openDatabase(test.connection, (error) => broken.push(error));
    const outcome = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(test.db);
      await eventually('the end of the connection', 10_000, async () => (broken.length > 0 ? true : null));
      await sql`select 1`.execute(tx);
    });
    await expect(outcome).rejects.toSatisfy(isBusyError);
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    await close();
  });
});

describe('migrate', () => {
  it('has nothing left to do on a migrated database', async () => {
    expect(await migrate(test.db)).toEqual([]);
  });

  it('makes one schema when two processes start at once', async () => {
    await using other = await throwAwayDatabase({ empty: true });
    const second = openDatabase(other.connection);
    const applied = await Promise.all([migrate(other.db), migrate(second.db)]);
    await second.close();
    const { migrations } = await import('./migrations/index.ts');
    expect(applied.flat().toSorted()).toEqual(Object.keys(migrations).toSorted());
  });

  it('says which migration failed and leaves no trace of it', async () => {
    await using other = await throwAwayDatabase();
    const { migrations } = await import('./migrations/index.ts');
    const broken = { ...migrations, '999-broken': { up: async () => Promise.reject(new Error('broken on purpose')) } };
    await expect(migrate(other.db, broken)).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('999-broken'),
    });
    expect(await migrate(other.db)).toEqual([]);
  });
});
