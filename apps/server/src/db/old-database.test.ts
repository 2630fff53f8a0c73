import { agentPaths, type FactRow } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FactBases } from '../inventory/fact-bases.ts';
import { packOldFacts } from '../inventory/fact-packer.ts';
import { loadFactHistory, loadFacts } from '../inventory/fact-rows.ts';
import { refKey } from '../inventory/asset-ref.ts';
import type { TestCaller } from '../testing/people-world.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { type TestServer, testServer } from '../testing/test-server.ts';
import { answersTo, debianPackage, detectionPaths, reporter, toldFleet, waitDays } from '../testing/told-server.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { Database } from './schema.ts';

const report = reporter(syncDocument);

/** What machines report, by collector, at the first time and later. */
type Reports = Readonly<Record<string, readonly FactRow[]>>;

const stack = new AsyncDisposableStack();
let fresh: TestServer;
let freshDatabase: ThrowAwayDatabase;
let caller: TestCaller;
let agents: TestAgent[] = [];
/** Of the first agent's users, in all databases. */
let sequence = 2;
const collectors = ['os', 'user', 'container', 'mount', 'listening-socket', 'dpkg'];

beforeAll(async () => {
  freshDatabase = stack.use(await throwAwayDatabase());
  fresh = stack.use(await testServer(freshDatabase));
  ({ caller, agents } = await toldFleet(fresh, syncDocument, (name, number) => {
    if (number === 1) return machine(name);
    return number === 2 ? { user: [user('anna', 7), user('cleo', 9)] } : {};
  }));
  waitDays(fresh, 8);
  await report(agents[1], 2, { container: [], dpkg: [debianPackage('curl', '2.0-1'), debianPackage('bash', '1.0-1')] });
}, 60_000);
afterAll(() => stack.disposeAsync());

function machine(hostname: string): Reports {
  const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };
  const engine = { engine: 'docker', name: 'db', image: 'postgres:18', imageId: 'sha256:1', state: 'running' };
  return {
    os: [{ ...os, hostname, architecture: 'amd64' }],
    user: [user('anna', 7), user('bert', 8), user('Ümit "the admin" 😀', 65_534, ['wheel', 'ssl-cert'])],
    container: [null, true].map((privileged, index) => {
      return { ...engine, id: `${hostname}${index}`, privileged, networkMode: 'host', startedAt: '' };
    }),
    mount: [],
    'listening-socket': [22, 443].map((port) => ({ protocol: 'tcp', address: '0.0.0.0', port, process: '', uid: 0 })),
  };
}

function user(name: string, uid: number, groups: string[] = []): FactRow {
  return { name, uid, gid: uid, home: `/home/${uid}`, shell: '/bin/sh', password: 'set', groups };
}

/** Everything that is derived, now and at each day of the past, and all facts. */
function answers(from: TestServer): Promise<(readonly [path: string, answer: unknown])[]> {
  const facts = agents.flatMap(({ assetId }) => [
    `/assets/${assetId}`,
    ...collectors.flatMap((collector) => {
      const path = `/assets/${assetId}/facts/${collector}`;
      return [path, `${path}?limit=1&offset=1`, `${path}?offset=9`];
    }),
  ]);
  const paths = ['/dashboard', '/assets', '/checks', '/knowledge', '/activation-keys', ...detectionPaths(fresh, 13), ...facts];
  return answersTo(from, caller.headers, paths);
}

const searches = ['ANNA', '443', 'true', 'ssl-', '", "', 'the "ADMIN', '%', 'nobody has this'];

/** What the release before the packing answered of facts, by its own statement. */
async function oldFacts(db: Kysely<Database>, collector: string, search: string): Promise<unknown[]> {
  const pattern = `%${search.replace(/[\\%_]/g, String.raw`\$&`)}%`;
  const { rows } = await sql<{ body: unknown }>`
    select body from fact_row
    where asset_id = ${agents[0]?.assetId} and collector = ${collector}
      and exists (select from jsonb_each_text(body) where value ilike ${pattern})
    order by row_key`.execute(db);
  return rows.map(({ body }) => body);
}

/**
 * A database as a release with these migrations left it, with the same input as the fresh one: what its tables had, and its facts as
 * rows.
 */
async function oldDatabase(last: string): Promise<ThrowAwayDatabase> {
  const old = stack.use(await throwAwayDatabase({ empty: true }));
  await migrate(old.db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name <= last)));
  for (const table of await tablesOf(old.db)) {
    const columns = await sharedColumns(old.db, table);
    if (columns.length === 0) continue;
    // A migration numbers assets as they lie there, and lists of what is equal otherwise go by these numbers.
    const order = table === 'asset' ? sql`number` : sql`1`;
    const { rows } = await sql<{
      body: string;
    }>`select to_jsonb(t)::text as body from ${sql.table(table)} as t order by ${order}`.execute(freshDatabase.db);
    const list = sql.join(columns.map((column) => sql.id(column)));
    await sql`
      insert into ${sql.table(table)} (${list}) overriding system value
      select ${list} from jsonb_populate_recordset(null::${sql.table(table)}, ${`[${rows.map(({ body }) => body).join()}]`}::jsonb)`.execute(
      old.db,
    );
  }
  await unpackInto(old.db);
  return old;
}

/** Those first that others refer to. */
async function tablesOf(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname not like 'kysely%'
    order by not relname in ('organization', 'app_user', 'knowledge_version', 'package_version', 'statement', 'considered'),
      array_position(array['organization', 'app_user', 'knowledge_version'], relname::text)`.execute(db);
  return rows.map(({ name }) => name).filter((name) => name !== 'fact_change');
}

async function sharedColumns(db: Kysely<Database>, table: string): Promise<string[]> {
  const columns = async (from: Kysely<Database>): Promise<string[]> => {
    const { rows } = await sql<{ name: string }>`
      select attname as name from pg_attribute
      where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped and atttypid <> 'xid8'::regtype`.execute(from);
    return rows.map(({ name }) => name);
  };
  const there = new Set(await columns(freshDatabase.db));
  return (await columns(db)).filter((name) => there.has(name));
}

/** Facts and their history as rows, as `fact_row` and `fact_change` held them. */
async function unpackInto(old: Kysely<Database>): Promise<void> {
  const bases = new FactBases(freshDatabase.db);
  for (const { assetId } of agents)
    for (const collector of collectors.filter((name) => name !== 'dpkg')) {
      const ref = { organizationId: caller.organizationId, assetId, collector };
      const held = await loadFacts(freshDatabase.db, bases, [ref]);
      for (const { key, hash, row } of held.get(refKey(ref))?.rows.values() ?? [])
        await old
          .insertInto('factRow')
          .values({ ...ref, rowKey: key, rowHash: hash, body: JSON.stringify(row) })
          .execute();
      for (const { sequence, at, added, removed } of await loadFactHistory(freshDatabase.db, bases, ref))
        await old
          .insertInto('factChange')
          .values({ ...ref, sequence, at, added: JSON.stringify(added), removed: JSON.stringify(removed) })
          .execute();
    }
}

describe.each(['002-every-ecosystem', '009-package-module'])('a database of %s, migrated', (last) => {
  let old: ThrowAwayDatabase;
  let server: TestServer;
  const told = new Map<string, unknown[]>();
  const bases = (): FactBases => new FactBases(old.db);
  beforeAll(async () => {
    old = await oldDatabase(last);
    for (const collector of collectors)
      for (const search of searches) told.set(`${collector} ${search}`, await oldFacts(old.db, collector, search));
    await migrate(old.db);
    server = stack.use(await testServer(old));
    server.clock.now = fresh.clock.now;
  }, 60_000);

  async function expectSameAnswers(): Promise<void> {
    expect(await answers(server)).toEqual(await answers(fresh));
    for (const collector of collectors.filter((name) => name !== 'dpkg'))
      for (const search of searches) {
        const url = `/api/v1/assets/${agents[0]?.assetId}/facts/${collector}?search=${encodeURIComponent(search)}`;
        const reply = await server.app.inject({ url, headers: caller.headers });
        expect([url, reply.json()]).toEqual([
          url,
          { next: null, total: expect.any(Number), items: told.get(`${collector} ${search}`) },
        ]);
      }
    for (const { assetId } of agents) {
      const ref = { organizationId: caller.organizationId, assetId, collector: 'user' };
      const [there, here] = [[freshDatabase.db, new FactBases(freshDatabase.db)] as const, [old.db, bases()] as const];
      expect(await loadFactHistory(...here, ref)).toEqual(await loadFactHistory(...there, ref));
    }
  }

  async function rowsLeft(): Promise<number> {
    return (await old.db.selectFrom('factRow').select('collector').execute()).length;
  }

  it('holds what the test is about', async () => {
    const all = await answers(fresh);
    const detections = all.flatMap(([path, answer]) =>
      path.startsWith('/detections') ? (answer as { items: object[] }).items : [],
    );
    expect(new Set(detections.map((each) => (each as { status: string }).status))).toEqual(
      new Set(['active', 'fixed', 'new', 'reopened']),
    );
    expect(await rowsLeft()).toBe(21);
    expect(told.get('user ANNA')).toHaveLength(1);
  });

  it('gives every answer as a fresh one with the same input does, while its facts still are rows', expectSameAnswers);

  it('takes a delta on facts that still are rows', async () => {
    sequence += 1;
    const rows = [user('anna', 7), user('cleo', sequence)];
    const document = syncDocument({ collector: 'user', sequence, rows, delta: { rows: rows.slice(1), removed: [] } });
    const [known] = agents;
    for (const to of [fresh, server]) {
      const moved = Object.assign(new TestAgent(to), { key: known?.key, agentId: known?.agentId, assetId: known?.assetId });
      const { json } = await moved.post(agentPaths.sync, { documents: [document] });
      expect(json).toMatchObject({ results: [{ outcome: 'accepted' }] });
    }
    const left = await old.db
      .selectFrom('factRow')
      .select('rowKey')
      .where('collector', '=', 'user')
      .where('assetId', '=', known?.assetId ?? '')
      .execute();
    expect(left).toEqual([]);
    for (const search of searches)
      told.set(
        `user ${search}`,
        rows.filter((row) => search === 'ANNA' && row['name'] === 'anna'),
      );
    await expectSameAnswers();
  });

  it('gives every answer when they are packed, and keeps none of the rows', async () => {
    let packed = 0;
    for (let next = await packOldFacts(old.db, bases()); next.length > 0; next = await packOldFacts(old.db, bases(), next.at(-1)))
      packed += next.length;
    expect([packed, await rowsLeft()]).toEqual([3, 0]);
    await expectSameAnswers();
  });
});
