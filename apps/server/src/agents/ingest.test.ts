import { randomUUID } from 'node:crypto';
import { agentPaths, type FactRow, type KnowledgeInput, type SyncDocument } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { findDetections } from '../detections/store.ts';
import { Judging } from '../inventory/judging.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import {
  installAgentFixture,
  agent,
  checkIn,
  database,
  enrolledAgent,
  server,
  sync,
  user,
  users,
} from '../testing/agent-fixture.ts';
import { testServer } from '../testing/test-server.ts';
import { Ingest } from './ingest.ts';

installAgentFixture({ syncDocument, throwAwayDatabase });

const log = pino({ level: 'silent' });
const clock = () => new Date('2026-11-22T12:00:00Z');

function newIngest(): Ingest {
  return new Ingest({ db: database.db, clock, log, onUnjudged: () => undefined });
}

function newAsset() {
  return { organizationId: randomUUID(), assetId: randomUUID() };
}

function pkg(name: string, version = '1'): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

function packages(...rows: FactRow[]): SyncDocument {
  return syncDocument({ collector: 'dpkg', sequence: 1, rows });
}

async function commits(work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const { rows } = await sql<{ n: number }>`select count(distinct xmin::text)::integer as n from collector_state`.execute(
      database.db,
    );
    return rows[0]?.n ?? 0;
  };
  const before = await count();
  await work();
  return (await count()) - before;
}

it('documents of many assets that come at once share few transactions, and each has its own answer', async () => {
  const ingest = newIngest();
  const assets = Array.from({ length: 100 }, newAsset);
  const bad = { ...users(user('anna')), digest: '0'.repeat(64) };
  const transactions = await commits(async () => {
    const results = await Promise.all(
      assets.map((asset, index) => ingest.take(asset, [index === 50 ? bad : users(user('anna'))], 100)),
    );
    const outcomes = results.map(([result]) => result?.outcome);
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(99);
    expect(outcomes[50]).toBe('rejected');
  });
  expect(transactions).toBeLessThan(10);
});

it('a value that the database cannot hold costs its own document alone', async () => {
  const ingest = newIngest();
  const assets = Array.from({ length: 20 }, newAsset);
  // Longer than an index of PostgreSQL takes, and not to be compressed.
  const long = pkg(Array.from({ length: 125 }, () => randomUUID().replaceAll('-', '')).join(''));
  const results = await Promise.all(
    assets.map((asset, index) => ingest.take(asset, [packages(index === 7 ? long : pkg(`p${index}`)), users(user('anna'))], 100)),
  );
  const outcomes = results.map((each) => each.map(({ outcome }) => outcome).join());
  expect(outcomes[7]).toBe('rejected,accepted');
  expect(outcomes.filter((each) => each === 'accepted,accepted')).toHaveLength(19);
});

it('two requests of one asset that wait together are applied one after the other', async () => {
  const ingest = newIngest();
  const asset = newAsset();
  const delta = { rows: [user('bert')], removed: [] };
  const second = syncDocument({ collector: 'user', sequence: 2, rows: [user('anna'), user('bert')], delta });
  // The first two keep both committers busy, so that the others wait.
  const busy = [newAsset(), newAsset()].map((other) => ingest.take(other, [users(user('x'))], 100));
  const [one, two] = await Promise.all([
    ingest.take(asset, [users(user('anna'))], 100),
    ingest.take(asset, [second], 100),
    ...busy,
  ]);
  expect([one, two]).toMatchObject([[{ outcome: 'accepted', sequence: 1 }], [{ outcome: 'accepted', sequence: 2 }]]);
});

it.each([
  ['requests', { requests: 10, rows: 1000 }],
  ['rows', { requests: 1000, rows: 20 }],
])('more %s than may wait are refused as BUSY, and what waits is stored', async (_what, mayWait) => {
  const ingest = new Ingest({ db: database.db, clock, log, onUnjudged: () => undefined, mayWait });
  const assets = Array.from({ length: 50 }, newAsset);
  const document = users(user('anna'), user('bert'));
  const settled = await Promise.allSettled(assets.map((asset) => ingest.take(asset, [document], 100)));
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
  // One is at work, ten wait: a second begins when more do.
  expect(refused).toEqual(Array.from({ length: 39 }, () => 'BUSY'));
  const ids = assets.map(({ assetId }) => assetId);
  const rows = await database.db.selectFrom('collectorState').select('assetId').where('assetId', 'in', ids).execute();
  expect(rows).toHaveLength(11);
  // There is room again.
  expect(await ingest.take(newAsset(), [document], 100)).toMatchObject([{ outcome: 'accepted' }]);
});

const knowledge: KnowledgeInput = {
  advisories: [
    {
      id: 'DSA-9001-1',
      feed: 'debian-dsa',
      published: '2026-10-01',
      vulnerabilities: ['CVE-2026-1001'],
      affected: [
        { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null, fixed: '3.0.2-1' },
      ],
    },
  ],
  vulnerabilities: [],
  origins: [],
};
const bookworm = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian', architecture: 'amd64' };

it('is answered before packages are judged; whoever starts next judges what a killed server left, and an import does, too', async () => {
  await importKnowledge(database.db, knowledge, { at: new Date('2026-11-22T11:00:00Z'), starter: false });
  const ingest = newIngest(); // Nobody is told of what it leaves to judge: as if the server died right then.
  const asset = newAsset();
  const os = syncDocument({ collector: 'os', sequence: 1, rows: [{ ...bookworm, hostname: 'h' }] });
  const values = {
    organizationId: asset.organizationId,
    id: asset.assetId,
    hostname: '',
    machineId: '',
    firstSeen: clock(),
    lastSeen: clock(),
  };
  await database.db
    .insertInto('asset')
    .values({ ...values, lastScan: null })
    .execute();
  const open = async () => {
    const query = { organizationId: asset.organizationId, status: 'open' as const, asOf: clock(), limit: 10, offset: 0 };
    return (await findDetections(database.db, query)).items;
  };
  await ingest.take(asset, [os, packages(pkg('openssl', '3.0.1-1'))], 100);
  expect(await open()).toEqual([]);
  const judging = new Judging({ db: database.db, log });
  judging.wake();
  await judging[Symbol.asyncDispose]();
  expect(await open()).toMatchObject([{ firstFound: clock().toISOString() }]);

  const delta = { rows: [pkg('openssl', '3.0.1-2')], removed: [] };
  await ingest.take(asset, [syncDocument({ collector: 'dpkg', sequence: 2, rows: delta.rows, delta })], 100);
  expect(await open()).toEqual([]);
  await importKnowledge(database.db, { ...knowledge, advisories: [] }, { at: new Date('2026-11-22T13:00:00Z'), starter: false });
  await importKnowledge(database.db, knowledge, { at: new Date('2026-11-22T14:00:00Z'), starter: false });
  // Seen at noon, it was judged by what was known then: what came later did not move its beginning.
  expect(await open()).toMatchObject([{ firstFound: clock().toISOString() }]);
});

it('a check-in that says nothing new asks nothing of the database, and is noted with others; after a document it is compared again', async () => {
  const document = users(user('anna'));
  await sync(document);
  const report = { ...checkIn, collectors: [{ name: 'user', sequence: 1, digest: document.digest, status: 'complete' }] };
  expect(await agent.post(agentPaths.checkIn, report)).toMatchObject({ status: 200, json: { resend: [] } });
  // What the database has is now another thing, which a check-in that asks would notice.
  await database.db.updateTable('collectorState').set({ sequence: 7 }).where('assetId', '=', agent.assetId).execute();
  expect(await agent.post(agentPaths.checkIn, report)).toMatchObject({ json: { resend: [] } });
  await sync(syncDocument({ collector: 'service', sequence: 1, rows: [] }));
  expect(await agent.post(agentPaths.checkIn, report)).toMatchObject({ json: { resend: ['user'] } });
});

it('when agents were heard of is written when the server stops', async () => {
  const other = await testServer(database);
  const seen = await enrolledAgent();
  other.clock.now = new Date('2026-11-22T12:00:00Z');
  const deliver = () => {
    const { method, url, headers, body } = seen.signed(agentPaths.checkIn, checkIn);
    return other.app.inject({ method, url, headers, payload: body });
  };
  expect((await deliver()).statusCode).toBe(200);
  other.clock.now = new Date('2026-11-22T12:01:00Z');
  expect((await deliver()).statusCode).toBe(200);
  const lastSeen = async () => {
    const row = await database.db.selectFrom('asset').select('lastSeen').where('id', '=', seen.assetId).executeTakeFirst();
    return row?.lastSeen.toISOString();
  };
  expect(await lastSeen()).toBe('2026-11-22T12:00:00.000Z');
  await other[Symbol.asyncDispose]();
  expect(await lastSeen()).toBe('2026-11-22T12:01:00.000Z');
});

it('of three requests of an agent at once one waits for another and one is told when to come back, and others are not kept', async () => {
  await agent.post(agentPaths.checkIn, checkIn);
  const requests = [1, 2, 3].map(() => agent.signed(agentPaths.sync, { documents: [users(user('anna'))] }));
  const [replies, other] = await Promise.all([
    Promise.all(requests.map(({ method, url, headers, body }) => server.app.inject({ method, url, headers, payload: body }))),
    enrolledAgent(),
  ]);
  const busy = replies.filter(({ statusCode }) => statusCode === 503);
  expect(busy.length).toBe(1);
  for (const reply of busy) {
    const seconds = Number(reply.headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(2);
    expect(reply.json()).toMatchObject({ code: 'BUSY', retryAfterSeconds: seconds });
  }
  expect((await other.post(agentPaths.checkIn, checkIn)).status).toBe(200);
});
