import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { parseQuery } from '@vedette/query';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countRelation, mayFit } from './sql-events.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

it('gives up counting what takes too long', async () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const scope = { organizationId: '', from: now, to: now, now, silentAfter: 1, query: null, fitting: () => [] };
  const relation = sql`select ${now}::timestamptz as at from pg_sleep(60)`;
  const asked = { kind: 'fact' as const, relation, question: scope };
  expect(await countRelation(database.db, asked, { from: 0, stepMs: 1, count: 1 })).toBeNull();
});

it.each([
  ['kind:package', true],
  ['kind:fact', false],
  ['not kind:package', false],
  ['kind:(package or fact) and status:opened', true],
  ['kind:fact and status:opened', false],
  ['kind:fact or status:opened', true],
  ['not (kind:package and status:opened)', true],
  ['kind:*', true],
  ['asset:(hostname:a)', true],
])('%s asks for packages: %s', (text, asks) => {
  expect(mayFit(parseQuery(text, 'event', 0).query, 'package')).toBe(asks);
});
