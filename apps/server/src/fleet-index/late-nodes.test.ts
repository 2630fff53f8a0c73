import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type OpenDatabase } from '../db/database.ts';
import { HistoryWorld, type Step } from '../testing/history-world.ts';
import { FleetIndex } from './fleet-index.ts';
import { describeAssets } from './verify-page.ts';

/** One PostgreSQL that does what nodes of a database in shards do: it shows rows before or after the transaction that names itself in them. */
let database: ThrowAwayDatabase;
let asked: OpenDatabase;
/** Of which transactions take place. */
let writer: pg.Client;
let world: HistoryWorld;

beforeAll(async () => {
  database = await throwAwayDatabase({ forShards: true });
  const { db } = database;
  // Stands before PostgreSQL's own, for connections that are made from now on.
  await sql`create table held (transactionid xid)`.execute(db);
  await sql`
    create view pg_locks as
    select locktype, transactionid, mode, pid, virtualtransaction from pg_catalog.pg_locks
    union all select 'transactionid', transactionid, 'ExclusiveLock', 0, 'held ' || transactionid::text from held`.execute(db);
  await sql`alter database ${sql.id(database.connection.database)} set search_path = public, pg_catalog`.execute(db);
  asked = openDatabase(database.connection);
  writer = new pg.Client(database.connection);
  await writer.connect();
}, 60_000);
afterAll(async () => {
  await writer.end();
  await asked.close();
  await database[Symbol.asyncDispose]();
});

const beliefs = [{ bookworm: '3', score: 9.8 }, { bookworm: '2', score: 5 }, null, null];
const packages: Step = { hours: 1, kind: 'packages', asset: 0, versions: ['2', '1', '1', '1'], way: 'delta', second: [] };
const knowledge: Step = {
  hours: 1,
  kind: 'knowledge',
  beliefs: [{ bookworm: '2', score: 9.8 }, ...beliefs.slice(1, 2), { bookworm: '2', score: 5 }, null],
};

beforeEach(async () => {
  world = new HistoryWorld(database.db, syncDocument);
  await world.begin();
  await world.apply({ hours: 1, kind: 'knowledge', beliefs });
  for (const asset of [0, 1, 2]) await world.apply({ ...packages, asset, versions: ['1', '1', '1', null] });
});

function openIndex(): FleetIndex {
  return new FleetIndex({ db: asked.db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
}

/** All that an index says of every asset. */
async function told(fleet: FleetIndex): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const organizationId of world.organizationIds) {
    const index = await fleet.current(organizationId);
    const described = describeAssets(index, [...index.table.assets.keys()]);
    all.push(
      ...index.table.assets.map((asset, dense) => [asset.assetId, described.get(dense), [...index.packages.idsOf(dense)]]),
    );
  }
  return all;
}

/** A transaction that names itself; what it writes comes by `write`. */
async function begin(): Promise<string> {
  await writer.query('begin');
  const { rows } = await writer.query<{ number: string }>('select pg_current_xact_id()::text as number');
  return rows[0]?.number ?? '';
}

/** Does a step whose rows name a transaction of before as their writer. */
async function write(step: Step, number: string): Promise<void> {
  await world.apply(step);
  await world.settle();
  for (const column of ['asset.written_by', 'inventory_change.written_by', 'verdict.written_by', 'verdict.inserted_by']) {
    const [table = '', name = ''] = column.split('.');
    await sql`update ${sql.table(table)} set ${sql.id(name)} = ${number}::xid8 where ${sql.id(name)} > ${number}::xid8`.execute(
      database.db,
    );
  }
}

async function hold(number: string): Promise<void> {
  await sql`insert into held values ((${number}::bigint % 4294967296)::text::xid)`.execute(database.db);
}

async function expectRight(fleet: FleetIndex): Promise<void> {
  await using fresh = openIndex();
  expect(await told(fleet)).toEqual(await told(fresh));
  expect(await fleet.verify()).toMatchObject({ healedAssets: 0, healedPackages: 0 });
}

describe.each([
  ['packages', packages],
  ['knowledge', knowledge],
])('%s of a transaction', (_, step) => {
  it('that workers show later than the coordinator are not missed', async () => {
    await using fleet = openIndex();
    const before = await told(fleet);
    const number = await begin();
    await writer.query('commit');
    await hold(number);
    expect(await told(fleet)).toEqual(before);
    await write(step, number);
    await sql`delete from held`.execute(database.db);
    expect(await told(fleet)).not.toEqual(before);
    await expectRight(fleet);
  });

  it('that workers show sooner than the coordinator are taken in their turn, and once', async () => {
    await using fleet = openIndex();
    const before = await told(fleet);
    const number = await begin();
    await write(step, number);
    expect(await told(fleet)).toEqual(before);
    await using young = openIndex();
    expect(await told(young)).toEqual(before);
    await writer.query('commit');
    expect(await told(fleet)).not.toEqual(before);
    await expectRight(fleet);
    await expectRight(young);
  });
});

it('an asset of which workers show more than its packages, and sooner, is known when these come', async () => {
  await using fleet = openIndex();
  await told(fleet);
  const later = await begin();
  const newcomer = { hostname: 'x', machineId: 'x', firstSeen: new Date(world.now), lastSeen: new Date(world.now) };
  const [organizationId] = world.organizationIds;
  const id = '00000000-0000-4000-8000-000000000001';
  await database.db
    .insertInto('asset')
    .values({ organizationId, id, ...newcomer })
    .execute();
  await sql`insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    values (${organizationId}, ${id}, 'dpkg', 1, ${new Date(world.now)}, '{}', '{}')`.execute(database.db);
  // Of its row there is by now a form that a transaction under way wrote.
  await sql`update asset set os = 'y', written_by = ${later}::xid8 where id = ${id}`.execute(database.db);
  expect(await told(fleet)).toHaveLength(4);
  await writer.query('commit');
  await expectRight(fleet);
});

it('checks that are there later than the knowledge version they came with are not missed', async () => {
  await using fleet = openIndex();
  await told(fleet);
  const number = await begin();
  await writer.query('commit');
  await hold(number);
  await write(knowledge, number);
  const late = sql`from knowledge_check where valid_from = (select max(version) from knowledge_version)`;
  await sql`create table late as select * ${late}`.execute(database.db);
  await sql`delete ${late}`.execute(database.db);
  expect(await told(fleet)).toHaveLength(3);
  await sql`insert into knowledge_check select * from late`.execute(database.db);
  await sql`drop table late`.execute(database.db);
  await sql`delete from held`.execute(database.db);
  await expectRight(fleet);
});
