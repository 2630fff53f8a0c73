import { throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { settledSnapshot, withoutHeld } from './settled-snapshot.ts';

describe('a snapshot without what is held', () => {
  it.each([
    ['is the same where nothing is', '10:20:', [], '10:20:'],
    ['… where all that is held runs, or began later', '10:20:10,15', ['15', '10', '20', '4000000'], '10:20:10,15'],
    ['leaves out what is committed', '20:20:', ['17'], '17:20:17'],
    ['… beside what runs', '10:20:10,15', ['17', '15', '12'], '10:20:10,12,15,17'],
    ['begins with the oldest', '15:20:15,18', ['12'], '12:20:12,15,18'],
    ['begins where it began', '10:20:', ['15'], '10:20:15'],
    ['knows the upper half of numbers', '8589934600:8589934620:', ['15'], '8589934600:8589934620:8589934607'],
    ['… of the time before', '8589934594:8589934600:', ['4294967290'], '8589934586:8589934600:8589934586'],
    ['… and of the next', '8589934580:8589934590:', ['5'], '8589934580:8589934590:'],
    ['orders numbers, not texts', '9:200:', ['100', '20'], '9:200:20,100'],
  ])('%s', (_, snapshot, held, expected) => {
    expect(withoutHeld(snapshot, held)).toBe(expected);
  });

  it('is one that PostgreSQL understands', async () => {
    await using database = await throwAwayDatabase();
    const { rows } = await sql<{ seen: boolean[] }>`
      select array(select pg_visible_in_snapshot(number::text::xid8, ${withoutHeld('18:20:18', ['12', '19'])}::pg_snapshot)
        from generate_series(11, 20) as number) as seen`.execute(database.db);
    expect(rows[0]?.seen.flatMap((isSeen, index) => (isSeen ? [] : [index + 11]))).toEqual([12, 18, 19, 20]);
  });

  it('is that of now where no transaction runs, and sees none that does', async () => {
    await using database = await throwAwayDatabase();
    const writer = new pg.Client(database.connection);
    await writer.connect();
    const visible = async (number: string): Promise<boolean | undefined> => {
      const { snapshot } = await settledSnapshot(database.db);
      const { rows } = await sql<{ seen: boolean }>`
        select pg_visible_in_snapshot(${number}::xid8, ${snapshot}::pg_snapshot) as seen`.execute(database.db);
      return rows[0]?.seen;
    };
    await writer.query('begin');
    const { rows } = await writer.query<{ number: string }>('select pg_current_xact_id()::text as number');
    expect(await visible(rows[0]?.number ?? '')).toBe(false);
    await writer.query('commit');
    expect(await visible(rows[0]?.number ?? '')).toBe(true);
    await writer.end();
  });

  it('is not ahead of a transaction that runs, with savepoints and all', async () => {
    await using database = await throwAwayDatabase();
    const writer = new pg.Client(database.connection);
    await writer.connect();
    await writer.query('begin; create temporary table one (); savepoint later; create temporary table two ()');
    const { rows } = await writer.query<{ locks: number }>(
      "select count(*)::integer as locks from pg_locks where locktype = 'transactionid' and pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ locks: 2 }]);
    // Of other tests one may just be ending.
    const looks: boolean[] = [];
    while (looks.at(-1) !== false && looks.length < 20) looks.push((await settledSnapshot(database.db)).isAhead);
    expect(looks.at(-1)).toBe(false);
    await writer.end();
  });
});
