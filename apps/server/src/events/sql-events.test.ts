import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { parseQuery } from '@vedette/query';
import { type Kysely, type KyselyPlugin, RawNode, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../db/schema.ts';
import { AssetTable } from '../fleet-index/asset-table.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
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
] as const)('counts and finds events of kind %s by time, without looking up their assets', async (name, byTime) => {
  const [count, page] = await plansOf(name);
  expect(count).toMatch(byTime);
  expect(count).not.toMatch(/asset_id =|= \S*asset_id/);
  expect(page).toMatch(byTime);
  expect(page).not.toMatch(/asset_id =|= \S*asset_id/);
});

/** How the database would count the events of a kind, and find the newest, in a fleet too large to be looked at as a whole. */
async function plansOf(name: (typeof allEventKinds)[number]['name']): Promise<string[]> {
  const plans: string[] = [];
  const explain: KyselyPlugin = {
    transformQuery: ({ node }) =>
      RawNode.is(node) && node.sqlFragments[0]?.includes('extract(epoch')
        ? RawNode.create([`explain ${node.sqlFragments[0]}`, ...node.sqlFragments.slice(1)], node.parameters)
        : node,
    transformResult: async ({ result }) => {
      if (result.rows[0] && 'QUERY PLAN' in result.rows[0]) plans.push(result.rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { ...result, rows: [] };
    },
  };
  await database.db.connection().execute(async (db) => {
    await sql`set enable_seqscan = off`.execute(db);
    const [from, now, organizationId] = [new Date('2026-11-21T12:00:00Z'), new Date('2026-11-22T12:00:00Z'), crypto.randomUUID()];
    const scope = { organizationId, from, to: now, now, silentAfter: 1, query: null, fitting: () => [] };
    const sources = {
      db: db.withPlugin(explain) as Kysely<Database>,
      fleetIndex: { current: async () => ({ table: new AssetTable() }) as OrganizationIndex },
    };
    const kind = allEventKinds.find((one) => one.name === name);
    await kind?.count(sources, scope, { from: 0, stepMs: 1, count: 1 });
    await kind?.page(sources, scope, { order: { by: 'at', isTurned: false }, behind: null, limit: 1 });
    await sql`reset enable_seqscan`.execute(db);
  });
  return plans;
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
