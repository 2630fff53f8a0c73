import { eventually, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { Leadership } from './leadership.ts';

const patienceMs = 10_000;
let test: ThrowAwayDatabase;
beforeAll(async () => {
  test = await throwAwayDatabase({ empty: true });
}, 60_000);
afterAll(() => test[Symbol.asyncDispose]());

async function candidate(stack: AsyncDisposableStack): Promise<Leadership> {
  const { pool, close } = openDatabase(test.connection);
  stack.defer(close);
  return stack.use(new Leadership(pool));
}

it('has one leader of several, and another one when the first goes', async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = [await candidate(stack), await candidate(stack)];
  expect([await first.lead(), await second.lead(), await first.lead()]).toEqual([true, false, true]);
  await first[Symbol.asyncDispose]();
  expect(await second.lead()).toBe(true);
  expect(await first.lead()).toBe(false);
});

it('gives up the lead when its connection breaks, for then another may have it', async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = [await candidate(stack), await candidate(stack)];
  await eventually('the first to lead', patienceMs, async () => ((await first.lead()) ? true : null));
  await sql`
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`.execute(test.db);
  await eventually('the second to lead', patienceMs, async () => ((await second.lead()) ? true : null));
  expect(await eventually('the first to notice', patienceMs, async () => ((await first.lead()) ? null : true))).toBe(true);
});

it('leads once, however often it is asked at the same time', async () => {
  await using stack = new AsyncDisposableStack();
  const only = await candidate(stack);
  await eventually('the lead', patienceMs, async () => ((await only.lead()) ? true : null));
  expect(await Promise.all([only.lead(), only.lead()])).toEqual([true, true]);
});
