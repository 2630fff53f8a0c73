import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { type Compilable, type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withinScope } from './asset-scope.ts';
import type { Database } from './schema.ts';

const organizationId = '00000000-0000-4000-8000-000000000001';
const own = '00000000-0000-4000-8000-00000000000a';
const other = '00000000-0000-4000-8000-00000000000b';
/** Of a row that was not there. */
const fresh = '00000000-0000-4000-8000-00000000000c';
const now = new Date('2026-11-12T12:00:00Z');
const tables = ['asset', 'agent', 'agent_order', 'asset_identity', 'asset_release'];

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  const { db } = database;
  for (const table of tables) await sql`truncate ${sql.table(table)} cascade`.execute(db);
  for (const id of [own, other]) {
    const times = { firstSeen: now, lastSeen: now };
    await db
      .insertInto('asset')
      .values({ organizationId, id, hostname: id, machineId: id, ...times })
      .execute();
    await db.insertInto('agent').values(agent(id)).execute();
    await db.insertInto('agentOrder').values(order(id)).execute();
    await db.insertInto('assetRelease').values({ organizationId, assetId: id, pin: null }).execute();
  }
  const clones = [
    { ...clone(own, 'which became the other'), became: other },
    { ...clone(own, 'which became none'), became: null },
    { ...clone(other, 'which became ours'), became: own },
  ];
  await db.insertInto('assetIdentity').values(clones).execute();
});

function agent(assetId: string, id = assetId) {
  const key = { publicKey: Buffer.from(assetId + id), activationKeyId: id };
  return { organizationId, assetId, id, ...key, version: '1', enrolledAt: now, lastCheckIn: null, consumption: null };
}

function order(assetId: string, id = assetId) {
  const wish = { kind: 'scan', state: 'queued', requestedBy: organizationId, requestedAt: now, expiresAt: now } as const;
  return { organizationId, assetId, id, ...wish };
}

function clone(assetId: string, incarnation: string) {
  const times = { bootedAt: now, firstHeard: now, aliveAt: now };
  return { organizationId, assetId, agentId: assetId, incarnation, hardware: '', ...times, state: 'clone' as const };
}

type Change = (db: Kysely<Database>) => Compilable & { readonly execute: () => Promise<unknown> };

function within<Result>(task: () => Result): Result {
  return withinScope({ organizationId, assetIds: new Set([own]), key: own }, task);
}

/** Every row that is not of the scope's asset alone. */
async function rowsOfOthers(): Promise<unknown[]> {
  const asked = tables.map(async (table) => {
    const { rows } = await sql`
      select * from ${sql.table(table)} as one where to_jsonb(one)::text like ${`%${other}%`} order by one::text`.execute(
      database.db,
    );
    expect(rows.length).toBeGreaterThan(0);
    return rows;
  });
  return Promise.all(asked);
}

describe('a change within a scope', () => {
  it.each<[string, Change]>([
    ['a row is added', (db) => db.insertInto('agentOrder').values(order(own, fresh))],
    [
      'rows are added',
      (db) => db.insertInto('agentOrder').values([order(own, fresh), { ...order(own, organizationId), detail: 'x' }]),
    ],
    [
      'a row takes the place of one of its own',
      (db) =>
        db
          .insertInto('assetRelease')
          .values({ organizationId, assetId: own, pin: '1' })
          .onConflict((conflict) => conflict.columns(['organizationId', 'assetId']).doUpdateSet({ pin: '1' })),
    ],
    [
      'a row is added where there is none',
      (db) =>
        db
          .insertInto('agent')
          .values(agent(own, organizationId))
          .onConflict((conflict) => conflict.doNothing()),
    ],
    [
      'a row is changed',
      (db) =>
        db.updateTable('agent').set({ version: '9' }).where('organizationId', '=', organizationId).where('assetId', '=', own),
    ],
    ['the asset is', (db) => db.updateTable('asset').set({ hostname: 'x' }).where('id', '=', own)],
    ['a row goes', (db) => db.deleteFrom('assetRelease').where('assetId', '=', own)],
  ])('goes to the table itself where %s', async (_, change) => {
    const before = await rowsOfOthers();
    expect(within(() => change(database.db).compile().sql)).toContain('"public"."');
    const { numAffectedRows } = await within(() => database.db.executeQuery(change(database.db).compile()));
    expect(numAffectedRows).toBeGreaterThan(0n);
    expect(await rowsOfOthers()).toEqual(before);
  });

  const touching = 'touching nothing';
  const refused = 'check option';
  it.each<[string, string, Change]>([
    [touching, 'an update of everything', (db) => db.updateTable('asset').set({ hostname: 'taken' })],
    [touching, 'an update that names another', (db) => db.updateTable('asset').set({ os: 'x' }).where('id', '=', other)],
    [
      touching,
      'an update that names one or another',
      (db) =>
        db
          .updateTable('agent')
          .set({ version: '9' })
          .where((is) => is.or([is('assetId', '=', own), is('assetId', '=', other)])),
    ],
    [
      touching,
      'an update that names one, and more in words',
      (db) =>
        db
          .updateTable('agent')
          .set({ version: '9' })
          .where('assetId', '=', own)
          .where(sql<boolean>`false or true`),
    ],
    [
      touching,
      'an update that names one, and something in words',
      (db) =>
        db
          .updateTable('agent')
          .set({ version: '9' })
          .where('assetId', '=', own)
          .where('id', '=', sql<string>`id or true`),
    ],
    [
      touching,
      'an update that ends in words',
      (db) =>
        db
          .updateTable('agent')
          .set({ version: '9' })
          .where('assetId', '=', own)
          .modifyEnd(sql`or true`),
    ],
    [touching, 'an update by a list', (db) => db.updateTable('agent').set({ version: '9' }).where('assetId', 'in', [own, other])],
    [
      touching,
      'an update of whatever is not of one',
      (db) => db.updateTable('agent').set({ version: '9' }).where('assetId', '!=', own),
    ],
    [
      touching,
      'an update under another name',
      (db) => db.updateTable('agent as mine').set({ version: '9' }).where('mine.assetId', '!=', own),
    ],
    [
      touching,
      'an update beside another table',
      (db) => db.updateTable('agent').from('asset').set({ version: '9' }).where('asset.id', '=', own),
    ],
    [
      touching,
      'an update with another query',
      (db) =>
        db
          .with('mine', (one) => one.updateTable('agent').set({ version: '9' }).returning('id'))
          .updateTable('asset')
          .set({ os: 'x' })
          .where('id', '=', own),
    ],
    [touching, 'a deletion of everything', (db) => db.deleteFrom('assetRelease')],
    [touching, 'a deletion that names another', (db) => db.deleteFrom('assetRelease').where('assetId', '=', other)],
    [
      touching,
      'a deletion that names one, and more in words',
      (db) =>
        db
          .deleteFrom('assetRelease')
          .where('assetId', '=', own)
          .where(sql<boolean>`false or true`),
    ],
    [
      touching,
      'a deletion beside another table',
      (db) => db.deleteFrom('assetRelease').using('asset').where('asset.id', '=', own),
    ],
    [touching, 'a deletion of what became another', (db) => db.deleteFrom('assetIdentity').where('assetId', '=', own)],
    [
      touching,
      'an update of what became another',
      (db) => db.updateTable('assetIdentity').set({ hardware: 'x' }).where('assetId', '=', own),
    ],
    [
      refused,
      'an update that moves a row to another',
      (db) => db.updateTable('agentOrder').set({ assetId: other }).where('assetId', '=', own),
    ],
    [
      refused,
      'an update by which one became another',
      (db) => db.updateTable('assetIdentity').set({ became: other }).where('assetId', '=', own),
    ],
    [refused, 'a row of another', (db) => db.insertInto('agentOrder').values(order(other, own))],
    [refused, 'a row of another beside one', (db) => db.insertInto('agentOrder').values([order(own, fresh), order(other, own)])],
    [
      refused,
      'a row of another in words',
      (db) => db.insertInto('agentOrder').values({ ...order(own, fresh), assetId: sql<string>`${other}::uuid` }),
    ],
    [
      refused,
      'what a query finds',
      (db) =>
        db
          .insertInto('assetRelease')
          .columns(['organizationId', 'assetId'])
          .expression(db.selectNoFrom([sql`${organizationId}::uuid`.as('a'), sql`${fresh}::uuid`.as('b')])),
    ],
    [refused, 'a row that became another', (db) => db.insertInto('assetIdentity').values({ ...clone(own, 'x'), became: other })],
    [
      refused,
      'a row in the place of one of another',
      (db) =>
        db
          .insertInto('agent')
          .values(agent(own, other))
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ version: '9' })),
    ],
    [
      refused,
      'a row that becomes one of another',
      (db) =>
        db
          .insertInto('agentOrder')
          .values(order(own))
          .onConflict((conflict) => conflict.columns(['organizationId', 'assetId', 'id']).doUpdateSet({ assetId: other })),
    ],
  ])('ends %s of another asset: %s', async (outcome, _, change) => {
    const before = await rowsOfOthers();
    const said = await within(() => change(database.db).execute()).then(
      () => touching,
      (error: Error) => error.message,
    );
    expect(await rowsOfOthers()).toEqual(before);
    expect(said).toContain(outcome);
  });

  it('is as it was written outside of one', () => {
    const { sql: text } = database.db.updateTable('agent').set({ version: '9' }).where('assetId', '=', own).compile();
    expect(text).not.toContain('public');
  });
});
