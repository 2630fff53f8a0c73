import { randomUUID } from 'node:crypto';
import { type Advisory, type FactRow, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findFacts } from '../assets/facts.ts';
import { findDetections } from '../detections/store.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { replayVerdicts } from '../knowledge/replay-verdicts.ts';
import { syncNow } from '../testing/sync-now.ts';
import type { AssetRef } from './asset-ref.ts';

let database: ThrowAwayDatabase;
let asset: AssetRef;
const now = new Date('2026-11-01T12:00:00Z');

interface Fix {
  readonly ecosystem: 'almalinux' | 'alpine';
  readonly release: string;
  readonly package: string;
  readonly fixed: string;
  readonly module?: string;
}

const advisory = (id: string, cve: string, fix: Fix): Advisory => ({
  id,
  feed: 'osv',
  published: '2026-01-01',
  vulnerabilities: [cve],
  affected: [{ status: 'fixed', introduced: null, ...fix }],
});
const alma = { ecosystem: 'almalinux', release: '9' } as const;
const advisories = [
  advisory('ALSA-1', 'CVE-2026-1001', { ...alma, package: 'openssl-libs', fixed: '1:3.0.7-27.el9' }),
  advisory('ALSA-2', 'CVE-2026-1002', { ...alma, package: 'kernel', fixed: '5.14.0-427.el9' }),
  advisory('ALSA-3', 'CVE-2026-1003', { ...alma, package: 'nodejs', fixed: '1:20.9.0-1.module_el9+1', module: 'nodejs:20' }),
  advisory('ALP-1', 'CVE-2026-1004', { ecosystem: 'alpine', release: '3.20', package: 'openssl', fixed: '3.3.2-r1' }),
];

beforeAll(async () => {
  database = await throwAwayDatabase();
  await importKnowledge(database.db, { advisories, vulnerabilities: [], origins: [] }, { at: now, starter: false });
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  asset = { organizationId: randomUUID(), assetId: randomUUID() };
  const row = { organizationId: asset.organizationId, id: asset.assetId, hostname: 'a', machineId: 'm', lastScan: null };
  await database.db
    .insertInto('asset')
    .values({ ...row, firstSeen: now, lastSeen: now })
    .execute();
});

const os = (id: string, versionId: string): FactRow => ({
  id,
  idLike: '',
  versionId,
  codename: '',
  prettyName: id,
  hostname: 'a',
  architecture: 'amd64',
});
const rpm = (name: string, version: string, more: FactRow = {}): FactRow => ({
  name,
  version,
  architecture: 'x86_64',
  source: name,
  sourceVersion: version,
  module: '',
  ...more,
});
const apk = (name: string, version: string, source: string): FactRow => ({
  name,
  version,
  architecture: 'x86_64',
  source,
  sourceVersion: version,
});

async function send(documents: Record<string, readonly FactRow[]>, sequence = 1): Promise<void> {
  const all = Object.entries(documents).map(([collector, rows]) => syncDocument({ collector, sequence, rows }));
  const { results } = await syncNow({ db: database.db, clock: () => now }, asset, Sync.parse({ documents: all }));
  expect(results.map(({ outcome }) => outcome)).toEqual(all.map(() => 'accepted'));
}

async function found(): Promise<[string, string, string][]> {
  const query = { organizationId: asset.organizationId, asOf: now, status: 'open' as const, limit: 100, offset: 0 };
  const { items } = await findDetections(database.db, query);
  return items.flatMap(({ name, packages }) => packages.map((one): [string, string, string] => [name, one.name, one.installed]));
}

describe('packages of rpm', () => {
  it('are judged by the advisories of their distribution, with epoch and module', async () => {
    await send({
      os: [os('almalinux', '9.4')],
      dpkg: [],
      rpm: [
        rpm('openssl-libs', '1:3.0.7-24.el9'),
        rpm('nodejs', '1:18.1.0-1.module_el9+2', { module: 'nodejs:18:9020:rhel9' }),
        rpm('bash', '5.1.8-9.el9'),
      ],
    });
    expect(await found()).toEqual([['CVE-2026-1001', 'openssl-libs', '1:3.0.7-24.el9']]);
    const { packages } = await database.db
      .selectFrom('asset')
      .selectAll()
      .where('id', '=', asset.assetId)
      .executeTakeFirstOrThrow();
    expect(packages).toBe(3);
  });

  it('are judged within their module, and again from their evidence', async () => {
    const label = 'nodejs:20:9020:rhel9';
    await send({ os: [os('almalinux', '9.4')], rpm: [rpm('nodejs', '1:20.8.0-1.module_el9+1', { module: label })] });
    expect(await found()).toEqual([['CVE-2026-1003', 'nodejs', '1:20.8.0-1.module_el9+1']]);
    expect(await replayVerdicts(database.db, asset)).toMatchObject({ verdicts: 1, same: 1, differing: [] });
  });

  it('may be there in several versions, which a delta tells apart', async () => {
    const [one, two] = [rpm('gpg', '1-1.el9'), rpm('gpg', '2-1.el9')];
    await send({ os: [os('almalinux', '9.4')], rpm: [one, two] });
    const delta = { rows: [], removed: [{ name: 'gpg', architecture: 'x86_64', version: '1-1.el9' }] };
    const document = syncDocument({ collector: 'rpm', sequence: 2, rows: [two], delta });
    const { results } = await syncNow({ db: database.db, clock: () => now }, asset, Sync.parse({ documents: [document] }));
    expect(results).toMatchObject([{ outcome: 'accepted' }]);
    const { items } = await findFacts(database.db, { ...asset, collector: 'rpm', limit: 10, offset: 0 });
    expect(items).toEqual([two]);
  });

  it('include the kernel that runs, while those on disk lie dormant', async () => {
    const running = { release: '5.14.0-362.el9.x86_64', running: true, version: '', banner: '' };
    await send({
      os: [os('almalinux', '9.4')],
      kernel: [running],
      rpm: [rpm('kernel', '5.14.0-362.el9'), rpm('kernel', '5.14.0-427.el9')],
    });
    const query = { organizationId: asset.organizationId, asOf: now, status: 'open' as const, limit: 100, offset: 0 };
    const [detection] = (await findDetections(database.db, query)).items;
    expect(detection?.packages.map(({ role, installed }) => [role, installed])).toEqual([
      ['running', '5.14.0-362.el9'],
      ['dormant', '5.14.0-362.el9'],
    ]);
  });

  it('are nobody’s on a distribution of another manager', async () => {
    await send({ os: [os('debian', '12')], rpm: [rpm('openssl-libs', '1:3.0.7-24.el9')] });
    expect(await found()).toEqual([]);
  });
});

describe('packages of apk', () => {
  it('are judged by their origin', async () => {
    await send({
      os: [os('alpine', '3.20.3')],
      apk: [apk('libcrypto3', '3.3.1-r0', 'openssl'), apk('musl', '1.2.5-r0', 'musl')],
    });
    expect(await found()).toEqual([['CVE-2026-1004', 'libcrypto3', '3.3.1-r0']]);
    const { items } = await findFacts(database.db, { ...asset, collector: 'apk', limit: 10, offset: 0 });
    expect(items).toEqual([apk('libcrypto3', '3.3.1-r0', 'openssl'), apk('musl', '1.2.5-r0', 'musl')]);
  });
});
