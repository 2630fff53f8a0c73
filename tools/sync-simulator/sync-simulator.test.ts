import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../apps/server/src/db/database.ts';
import { hasFailed, simulate } from './simulate.ts';

let database: ThrowAwayDatabase;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

describe('the sync simulator', () => {
  it('finds nothing lost, no ghost and nothing twice in some dozens of schedules', async () => {
    const failedOnce = [215, 738, 819, 1223];
    const seeds = [...Array.from({ length: 30 }, (_, index) => index + 1), ...failedOnce];
    const results = await simulate({ connection: database.connection, seeds });
    expect(results.filter(hasFailed)).toEqual([]);
    expect(results).toHaveLength(seeds.length);
  }, 120_000);

  it.each([
    ['sends what a check-in asks for', [10]],
    ['says which machine it is', [28, 40]],
    ['heeds numbers of documents', [11, 28, 42]],
  ] as const)(
    'notices that one side does not do this: %s',
    async (broken, seeds) => {
      const results = await simulate({ connection: database.connection, seeds, broken });
      expect(results.filter(hasFailed)).not.toEqual([]);
    },
    120_000,
  );

  it('notices that a platform keeps rows as they were first', async () => {
    await using other = await throwAwayDatabase();
    const { pool, close } = openDatabase(other.connection);
    await pool.query(`
      create function keep() returns trigger language plpgsql as 'begin
        new.facts := old.facts;
        new.fact_base := old.fact_base;
        return new;
      end';
      create trigger keep before update on collector_state
        for each row when (old.facts is not null) execute function keep()`);
    await close();
    const seeds = Array.from({ length: 24 }, (_, index) => index + 1);
    const results = await simulate({ connection: other.connection, seeds });
    expect(results.filter(hasFailed)).not.toEqual([]);
  }, 120_000);

  it('repeats a schedule exactly', async () => {
    const stories: string[][] = [[], []];
    for (const story of stories)
      await simulate({ connection: database.connection, seeds: [77], log: (text) => void story.push(text) });
    expect(stories[0]).toEqual(stories[1]);
    expect(stories[0]?.length).toBeGreaterThan(5);
  });
});
