import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { parseQuery } from '@vedette/query';
import { type Kysely, type KyselyPlugin, RawNode, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../db/schema.ts';
import { allEventKinds } from './event-kinds.ts';
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
  ['package', /inventory_change\w*_at_idx/],
  ['fact', /fact_change\w*_at_idx/],
  ['agent', /agent_enrolled_at[^]*agent_revoked_at/],
] as const)('counts events of kind %s by time, without looking up their assets', async (name, byTime) => {
  const plan = await planOfCount(name);
  expect(plan).toMatch(byTime);
  expect(plan).not.toMatch(/asset_id =|= \S*asset_id/);
});

/** How the database would count the events of a kind in a fleet too large to be looked at as a whole. */
async function planOfCount(name: (typeof allEventKinds)[number]['name']): Promise<string> {
  const lines: string[] = [];
  const explain: KyselyPlugin = {
    transformQuery: ({ node }) =>
      RawNode.is(node) && node.sqlFragments[0]?.includes('select floor')
        ? RawNode.create([`explain ${node.sqlFragments[0]}`, ...node.sqlFragments.slice(1)], node.parameters)
        : node,
    transformResult: async ({ result }) => {
      lines.push(...result.rows.flatMap((row) => (typeof row['QUERY PLAN'] === 'string' ? [row['QUERY PLAN']] : [])));
      return { ...result, rows: [] };
    },
  };
  await database.db.connection().execute(async (db) => {
    await sql`set enable_seqscan = off`.execute(db);
    const [from, now, organizationId] = [new Date('2026-11-21T12:00:00Z'), new Date('2026-11-22T12:00:00Z'), crypto.randomUUID()];
    const scope = { organizationId, from, to: now, now, silentAfter: 1, query: null, fitting: () => [] };
    const sources = { db: db.withPlugin(explain) as Kysely<Database>, fleetIndex: {} as never };
    await allEventKinds.find((kind) => kind.name === name)?.count(sources, scope, { from: 0, stepMs: 1, count: 1 });
    await sql`reset enable_seqscan`.execute(db);
  });
  return lines.join('\n');
}

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
