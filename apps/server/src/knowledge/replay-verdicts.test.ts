import { randomUUID } from 'node:crypto';
import { type Advisory, type DpkgPackage, type FactRow, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KnownAgent } from '../agents/store.ts';
import { syncNow } from '../testing/sync-now.ts';
import { explainDetection } from '../detections/explain-detection.ts';
import { importKnowledge } from './import-knowledge.ts';
import { saveFeedState } from './stored-input.ts';
import { replayVerdicts } from './replay-verdicts.ts';

let database: ThrowAwayDatabase;
const first = new Date('2026-11-01T12:00:00Z');
const second = new Date('2026-11-08T12:00:00Z');
const check = 280_001_001;

beforeAll(async () => {
  database = await throwAwayDatabase();
  await saveFeed('a'.repeat(64), first);
  await know(first, dsa('DSA-9001-1', 'CVE-2026-1001', '3.0.2-1'), dsa('DSA-9002-1', 'CVE-2026-1002', '3.0.3-1'));
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

function dsa(id: string, cve: string, fixed: string): Advisory {
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  return { id, feed: 'debian-dsa', published: '2026-10-01', vulnerabilities: [cve], affected: [{ ...affected, fixed }] };
}

function saveFeed(sha256: string, retrievedAt: Date): Promise<void> {
  return saveFeedState(database.db, { feed: 'debian-dsa', location: 'list', records: 2, retrievedAt, sha256 });
}

function know(at: Date, ...advisories: Advisory[]): Promise<unknown> {
  return importKnowledge(database.db, { advisories, vulnerabilities: [], origins: [] }, { at, starter: false });
}

/** An asset of a new organization with two packages of openssl's source. */
async function newAsset(version = '3.0.1-1'): Promise<KnownAgent> {
  const agent = { organizationId: randomUUID(), assetId: randomUUID(), id: randomUUID(), publicKey: Buffer.alloc(32) };
  const { organizationId, assetId: id } = agent;
  const asset = { organizationId, id, hostname: 'web-1', machineId: 'm', firstSeen: first, lastSeen: first, lastScan: null };
  await database.db.insertInto('asset').values(asset).execute();
  const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: '', hostname: 'web-1' };
  await send(agent, 'os', [{ ...os, architecture: 'amd64' }]);
  await send(
    agent,
    'dpkg',
    ['libssl3', 'openssl'].map((name) => pkg(name, version)),
  );
  return agent;
}

function pkg(name: string, version: string): DpkgPackage {
  return { name, version, architecture: 'amd64', source: 'openssl', sourceVersion: version, state: 'installed' };
}

async function send(agent: KnownAgent, collector: string, rows: readonly FactRow[]): Promise<void> {
  const document = Sync.parse({ documents: [syncDocument({ collector, sequence: 1, rows })] });
  await syncNow({ db: database.db, clock: () => first }, agent, document);
}

describe('replayVerdicts', () => {
  it('judges every verdict of the organization again and gets the same bytes', async () => {
    const { organizationId, assetId } = await newAsset();
    const report = { verdicts: 4, same: 4, differing: [], next: null };
    expect(await replayVerdicts(database.db, { organizationId })).toEqual(report);
    expect(await replayVerdicts(database.db, { organizationId, assetId })).toEqual(report);
    expect(await replayVerdicts(database.db, { organizationId, check })).toMatchObject({ verdicts: 2, same: 2 });
    expect(await replayVerdicts(database.db, { organizationId, since: second.toISOString() })).toMatchObject({ verdicts: 0 });
  });

  it('shows nothing of another organization or asset', async () => {
    const { organizationId, assetId } = await newAsset();
    expect(await replayVerdicts(database.db, { organizationId: randomUUID(), assetId })).toMatchObject({ verdicts: 0 });
    expect(await replayVerdicts(database.db, { organizationId, assetId: randomUUID() })).toMatchObject({ verdicts: 0 });
  });

  it('goes on where the last answer ended', async () => {
    const { organizationId } = await newAsset();
    const [row] = await rowsOf();
    const after = `${row?.packageVersionId}.${row?.checkNumber}.${row?.validFrom}`;
    expect(await replayVerdicts(database.db, { organizationId, after })).toMatchObject({ verdicts: 3, same: 3, next: null });
  });

  it('stores the statements that two packages considered once', async () => {
    await newAsset();
    const { rows } = await sql<{ verdicts: number; considered: number }>`
      select count(*)::integer as verdicts, count(distinct considered_id)::integer as considered from verdict`.execute(
      database.db,
    );
    expect(rows).toEqual([{ verdicts: 4, considered: 2 }]);
  });
});

function rowsOf() {
  const key = ['packageVersionId', 'checkNumber', 'validFrom'] as const;
  return database.db.selectFrom('verdict').select(key).orderBy('packageVersionId').orderBy('checkNumber').execute();
}

const where = sql`where package_version_id = (select min(package_version_id) from verdict) and check_number = ${check}`;
const tampering = [
  ['the statements considered', 'damaged', sql`update considered set statements = replace(statements, '3.0.2-1', '3.0.0-1')`],
  [
    'statements that are none any more',
    'damaged',
    sql`update considered set statements = id || 'x', hash = sha256(convert_to(id || 'x', 'UTF8'))`,
  ],
  [
    'the statements with their hash',
    'differs',
    sql`update considered set statements = replace(statements, '3.0.2-1', '3.0.9-1'),
      hash = sha256(convert_to(replace(statements, '3.0.2-1', '3.0.9-1'), 'UTF8'))`,
  ],
  [
    'which statements they are',
    'differs',
    sql`update verdict set considered_id = (select max(considered_id) from verdict) ${where}`,
  ],
  ['the hash of the record', 'differs', sql`update verdict set evidence_hash = sha256('x') ${where}`],
  ['the confidence', 'outcome', sql`update verdict set confidence = 'information' ${where}`],
  ['the fixed version', 'outcome', sql`update verdict set fixed = '9' ${where}`],
  ['the statement shown', 'outcome', sql`update statement set advisory = 'DSA-1-1' where check_number = ${check}`],
  ['the installed version', 'differs', sql`update package_version set source_version = '3.0.0-1'`],
  ["the package's name", 'differs', sql`update package_version set name = name || 'x'`],
  ['evidence that is gone', 'unrecorded', sql`update verdict set evidence_hash = null, considered_id = null ${where}`],
] as const;

describe('replayVerdicts notices a change of', () => {
  it.each(tampering)('%s: %s', async (_what, problem, statement) => {
    const { organizationId } = await newAsset();
    const rollback = new Error('enough seen');
    const seen = database.db.transaction().execute(async (tx) => {
      await statement.execute(tx);
      const { differing, same, verdicts } = await replayVerdicts(tx, { organizationId });
      expect(differing.length).toBeGreaterThan(0);
      expect(same + differing.length).toBe(verdicts);
      expect(differing.map((one) => one.problem)).toContain(problem);
      expect(differing.find((one) => one.problem === problem)).toMatchObject({ check: expect.any(Number), knowledgeVersion: 1 });
      throw rollback;
    });
    await expect(seen).rejects.toBe(rollback);
  });
});

describe('the explanation of a detection', () => {
  it('names the feed file of its time, and all that was considered, years later', async () => {
    const { organizationId, assetId } = await newAsset();
    await saveFeed('b'.repeat(64), second);
    const changelog = { ...dsa('debian-changelog:openssl:3.0.4-1', 'CVE-2026-1001', '3.0.4-1'), feed: 'debian-changelog' };
    const known = [dsa('DSA-9001-1', 'CVE-2026-1001', '3.0.2-1'), dsa('DSA-9002-1', 'CVE-2026-1002', '3.0.9-1')];
    await know(second, ...known, changelog);
    const why = async (number: number) =>
      (await explainDetection(database.db, { organizationId, assetId, check: number }, { asOf: second }))?.why[0];

    // What decided is the same: the verdict keeps its beginning and its evidence.
    expect(await why(check)).toMatchObject({
      knowledgeVersion: 1,
      origin: { sha256: 'a'.repeat(64) },
      considered: [{ statement: { advisory: 'DSA-9001-1' }, decides: true, counts: true }],
      evidence: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), record: { format: 1, check, outcome: { bound: '3.0.2-1' } } },
    });
    expect(await why(280_001_002)).toMatchObject({ knowledgeVersion: 2, origin: { sha256: 'b'.repeat(64) } });
    expect(await replayVerdicts(database.db, { organizationId })).toMatchObject({ verdicts: 6, same: 6 });
    const since = second.toISOString();
    expect(await replayVerdicts(database.db, { organizationId, since })).toMatchObject({ verdicts: 2, same: 2 });

    await newAsset('3.0.0-1');
    const other = await newAsset('3.0.0-1');
    const fresh = await explainDetection(
      database.db,
      { organizationId: other.organizationId, assetId: other.assetId, check },
      { asOf: second },
    );
    expect(fresh?.why[0]?.considered).toMatchObject([
      { statement: { advisory: 'DSA-9001-1' }, decides: true },
      { statement: { feed: 'debian-changelog' }, decides: false, counts: false, why: 'an advisory goes before a changelog' },
    ]);
  });
});
