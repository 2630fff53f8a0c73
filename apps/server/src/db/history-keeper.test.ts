import { randomUUID } from 'node:crypto';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HistoryKeeper } from './history-keeper.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

const asset = { organizationId: randomUUID(), assetId: randomUUID(), collector: 'dpkg' };

function keeper(now: string, keepDays: number): HistoryKeeper {
  return new HistoryKeeper({ db: database.db, log: pino({ level: 'silent' }), clock: () => new Date(now), keepDays });
}

async function partitionOf(change: number): Promise<string | undefined> {
  const { rows } = await sql<{ partition: string }>`
    select tableoid::regclass::text as partition from inventory_change where change = ${change}`.execute(database.db);
  return rows[0]?.partition;
}

async function changes() {
  const rows = await database.db.selectFrom('inventoryChange').select(['change', 'added', 'removed']).orderBy('change').execute();
  return rows.map(({ change, added, removed }) => [change, added, removed]);
}

describe('the keeper of histories', () => {
  it('makes months to come, and moves into them what came before they were there', async () => {
    const at = new Date('2031-02-10T00:00:00Z');
    await database.db
      .insertInto('inventoryChange')
      .values([
        { ...asset, change: 1, at, added: [1, 2], removed: [] },
        { ...asset, change: 2, at: new Date('2031-02-11T00:00:00Z'), added: [3], removed: [1] },
        { ...asset, change: 3, at: new Date('2031-02-12T00:00:00Z'), added: [], removed: [3] },
        { ...asset, change: 4, at: new Date('2031-04-01T00:00:00Z'), added: [4], removed: [2] },
      ])
      .execute();
    expect(await partitionOf(1)).toBe('inventory_change_rest');
    await keeper('2031-02-15T00:00:00Z', 400).keep();
    expect([await partitionOf(1), await partitionOf(4)]).toEqual(['inventory_change_2031_02', 'inventory_change_2031_04']);
    await keeper('2031-02-15T00:00:00Z', 400).keep();
    expect(await changes()).toHaveLength(4);
  });

  it('forgets of an old month what came and went unjudged, and keeps where the history begins', async () => {
    await keeper('2031-06-01T00:00:00Z', 60).keep();
    expect(await changes()).toEqual([
      [1, [2], []],
      [3, [], []],
      [4, [4], [2]],
    ]);
    expect([await partitionOf(1), await partitionOf(4)]).toEqual(['inventory_change_past', 'inventory_change_2031_04']);
    await keeper('2031-08-01T00:00:00Z', 60).keep();
    expect(await changes()).toEqual([
      [1, [], []],
      [4, [4], []],
    ]);
    expect(await partitionOf(4)).toBe('inventory_change_past');
  });

  it('drops changes of facts that are older than is kept', async () => {
    const row = { ...asset, collector: 'user', added: '[]', removed: '[]' };
    const values = ['2026-02-10', '2031-08-10'].map((day, sequence) => ({ ...row, sequence, at: new Date(day) }));
    await database.db.insertInto('factChange').values(values).execute();
    await keeper('2031-08-01T00:00:00Z', 60).keep();
    const left = await database.db.selectFrom('factChange').select('sequence').execute();
    expect(left).toEqual([{ sequence: 1 }]);
  });
});

describe('the migration to partitions', () => {
  it('keeps what a database of the first release holds', async () => {
    await using other = await throwAwayDatabase();
    await sql`drop schema public cascade`.execute(other.db);
    await sql`create schema public`.execute(other.db);
    const { '001-first': first, '002-every-ecosystem': second } = migrations;
    if (!first || !second) throw new Error('the first migrations are gone');
    await migrate(other.db, { '001-first': first, '002-every-ecosystem': second });
    const values = [1, 2].map((change) => ({
      ...asset,
      change,
      at: new Date(`2026-0${change}-01`),
      added: [change],
      removed: [],
    }));
    await other.db.insertInto('inventoryChange').values(values).execute();
    await other.db
      .insertInto('factChange')
      .values({ ...asset, sequence: 1, at: new Date('2026-01-01'), added: '[{"a":1}]', removed: '[]' })
      .execute();
    await migrate(other.db);
    expect(await other.db.selectFrom('inventoryChange').select(['change', 'added']).orderBy('change').execute()).toEqual([
      { change: 1, added: [1] },
      { change: 2, added: [2] },
    ]);
    expect(await other.db.selectFrom('factChange').select('added').execute()).toEqual([{ added: [{ a: 1 }] }]);
    const { rows } = await sql`select from presence`.execute(other.db);
    expect(rows).toHaveLength(2);
  });
});
