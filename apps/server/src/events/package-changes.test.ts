import { randomUUID } from 'node:crypto';
import { parseQuery } from '@vedette/query';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { type Kysely, type KyselyPlugin, RawNode, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../db/schema.ts';
import { AssetTable } from '../fleet-index/asset-table.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { EventQuestion } from './event-kind.ts';
import { packageEvents } from './kinds/package.ts';
import { type PackageChange, type Walk, walkPackageChanges } from './package-changes.ts';

const now = new Date('2026-11-22T12:00:00Z');
const organizationId = randomUUID();
const question: EventQuestion = {
  organizationId,
  from: new Date(now.getTime() - 3600_000),
  to: now,
  now,
  silentAfter: 1,
  query: null,
  fitting: () => [],
};
/** More than are read at a time, many at each of few moments. */
const changes = 9000;

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
  await sql`
    insert into package_version (ecosystem, release, role, name, version, architecture, source, source_version, state, row_hash)
    select 'debian', 'bookworm', 'installed', 'lib' || n / 2, n, 'amd64', 'lib', n, 'installed', n::text::bytea
    from generate_series(0, 599) as n`.execute(database.db);
  await sql`
    insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    select ${organizationId}, gen_random_uuid(), 'dpkg', 1 + n / 300 % 3, ${now}::timestamptz - n % 7 * interval '1 minute' - interval '1 second',
      array(select id from package_version where name = 'lib' || n % 300 and version::integer % 2 = 0),
      array(select id from package_version where name = 'lib' || n % 300 and version::integer % 2 = 1)
    from generate_series(1, ${changes}) as n`.execute(database.db);
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

async function walked(walk: Partial<Walk>): Promise<PackageChange[]> {
  const all: PackageChange[] = [];
  const whole = { question, isTurned: false, begin: null, atFirst: Number.POSITIVE_INFINITY, seconds: 60 };
  for await (const part of walkPackageChanges(database.db, { ...whole, ...walk })) all.push(...(part ?? []));
  return all;
}

it.each([false, true])('changes are walked in the order of time, each once, whatever the parts; turned: %s', async (isTurned) => {
  const all = await walked({ isTurned });
  expect(new Set(all.map(({ assetId }) => assetId)).size).toBe(changes);
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => (isTurned ? a - b : b - a)));
  expect(await walked({ isTurned, atFirst: 3 })).toEqual(all);
  const [begin = 0] = all.slice(4000).map(({ at }) => at);
  expect(await walked({ isTurned, begin })).toEqual(all.filter(({ at }) => (isTurned ? at >= begin : at <= begin)));
});

it.each([
  ['package:lib7', 20],
  ['package:=lib7 and status:upgraded', 20],
  ['package:lib*', 6000],
  ['package:nothing', 0],
  ['not package:lib7', 9000],
])('of changes those that %s may fit are looked at: %i', async (text, count) => {
  const { query } = parseQuery(text, 'event', 0);
  const found = await walked({ question: { ...question, query } });
  const named = found.filter(({ change }) => change > 1 || text.startsWith('not'));
  expect([found.length >= count, named.length]).toEqual([true, found.length]);
  const counts = await packageEvents.count(sources(), { ...question, query }, { from: 0, stepMs: 1, count: 1 });
  expect(counts).toEqual([text.startsWith('not') ? changes - 20 : count]);
});

it('are given up where that takes too long', async () => {
  const parts = [];
  for await (const part of walkPackageChanges(database.db, { question, isTurned: false, begin: null, atFirst: 1, seconds: 0 }))
    parts.push(part);
  expect(parts).toEqual([null]);
});

function sources(db: Kysely<Database> = database.db) {
  return { db, fleetIndex: { current: async () => ({ table: new AssetTable() }) as OrganizationIndex } };
}

it('ask for a package version once, however many assets it came to and however often', async () => {
  const asked: string[] = [];
  const db = noting(asked);
  const count = () => packageEvents.count(sources(db), question, { from: 0, stepMs: 1, count: 1 });
  const asks = () => asked.splice(0).filter((text) => text.includes('package_version')).length;
  expect([await count(), asks()]).toEqual([[changes], 1]);
  expect([await count(), asks()]).toEqual([[changes], 0]);
});

it('are read once by a question that counts them and shows a page of them by something else than their time', async () => {
  const asked: string[] = [];
  const db = noting(asked);
  const own = { ...question };
  const part = { order: { by: 'status', isTurned: false }, behind: null, limit: 3 } as const;
  const read = () => asked.splice(0).filter((text) => text.includes('from inventory_change')).length;
  const alone = await packageEvents.page(sources(db), { ...own }, part);
  expect([read(), alone.length]).toEqual([3, 3]);
  await packageEvents.count(sources(db), own, { from: 0, stepMs: 1, count: 1 });
  expect([read(), await packageEvents.page(sources(db), own, part), read()]).toEqual([3, alone, 0]);
});

it.each([
  ['severity:>=high', false],
  ['cause:* and package:lib7', false],
  ['check:1 or name:lib7', false],
  ['not severity:>=high', true],
  ['severity:>=high or package:lib7', true],
])('are read for %s: %s', async (text, reads) => {
  const asked: string[] = [];
  const { query } = parseQuery(text, 'event', 0);
  await packageEvents.count(sources(noting(asked)), { ...question, query }, { from: 0, stepMs: 1, count: 1 });
  expect(asked.some((one) => one.includes('from inventory_change'))).toBe(reads);
});

/** The database, and the texts of what it is asked. */
function noting(asked: string[]): Kysely<Database> {
  const note: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (RawNode.is(node)) asked.push(node.sqlFragments.join(''));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return database.db.withPlugin(note) as Kysely<Database>;
}
