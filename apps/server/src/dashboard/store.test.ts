import { randomUUID } from 'node:crypto';
import { type Advisory, type DpkgPackage, type KnowledgeInput, severities, severityNames, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { syncNow } from '../testing/sync-now.ts';
import { type AssetQuery, findAssets } from '../assets/find-assets.ts';
import { findInFleet } from '../detections/find-in-fleet.ts';
import { type DetectionQuery, findDetections } from '../detections/store.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { loadDashboard } from './store.ts';

const day = 24 * 3600 * 1000;
const organizationId = randomUUID();
const begin = new Date('2026-11-01T12:00:00Z');
const now = new Date(begin.getTime() + 10 * day);
let database: ThrowAwayDatabase;
let fleetIndex: FleetIndex;

function advisory(number: number, source: string): Advisory {
  return {
    id: `DSA-${number}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-${number}`],
    affected: [{ ecosystem: 'debian', release: 'bookworm', package: source, status: 'fixed', introduced: null, fixed: '2-1' }],
  };
}

function vulnerability(number: number, score: number | null, kevSince: string | null = null) {
  const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
  const cvss = score === null ? [] : [{ version: '3.1' as const, vector, score, source: 'nvd' }];
  return { id: `CVE-2026-${number}`, published: null, cvss, cwe: [], kevSince, epss: null };
}

const knowledge: KnowledgeInput = {
  advisories: [advisory(1001, 'exploited'), advisory(1002, 'plain'), advisory(1003, 'mended'), advisory(1004, 'late')],
  vulnerabilities: [
    vulnerability(1001, 9.8, '2026-10-02'),
    vulnerability(1002, 5),
    vulnerability(1003, 8),
    vulnerability(1004, 5),
  ],
  origins: [],
};

function pkg(name: string, version = '1-1'): DpkgPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

async function addAsset(hostname: string, change: { lastSeen: Date; pendingRestart: boolean }) {
  const assetId = randomUUID();
  const row = { organizationId, id: assetId, hostname, machineId: hostname, firstSeen: begin, lastScan: null, ...change };
  await database.db.insertInto('asset').values(row).execute();
  const agent = { organizationId, assetId, id: randomUUID(), publicKey: Buffer.alloc(32) };
  let sequence = 0;
  return async (at: Date, ...packages: DpkgPackage[]) => {
    sequence += 1;
    const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian', architecture: 'amd64' };
    const documents = [
      syncDocument({ collector: 'os', sequence, rows: [{ ...os, hostname }] }),
      syncDocument({ collector: 'dpkg', sequence, rows: packages }),
    ];
    const context = { db: database.db, clock: () => at };
    await syncNow(context, agent, Sync.parse({ documents }));
    await database.db.updateTable('asset').set(change).where('id', '=', assetId).execute();
  };
}

beforeAll(async () => {
  database = await throwAwayDatabase();
  fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => now });
  await importKnowledge(database.db, knowledge, { at: begin, starter: false });
  const web = await addAsset('web', { lastSeen: now, pendingRestart: true });
  await web(begin, pkg('exploited'), pkg('plain'), pkg('mended'));
  await web(new Date(now.getTime() - day), pkg('exploited'), pkg('plain'), pkg('mended', '2-1'), pkg('late'));
  const quiet = await addAsset('quiet', { lastSeen: begin, pendingRestart: false });
  await quiet(begin, pkg('plain'));
}, 60_000);
afterAll(async () => {
  await fleetIndex[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function sources() {
  return { db: database.db, fleetIndex, config: readConfig({}), clock: () => now };
}

async function detections(filter: Partial<DetectionQuery>): Promise<number> {
  const query = { organizationId, asOf: now, status: 'open' as const, limit: 10, offset: 0, ...filter };
  const { db } = database;
  const [derived, indexed] = [await findDetections(db, query), await findInFleet(sources(), query)];
  expect(indexed).toEqual(derived);
  return indexed.total;
}

async function assets(filter: Partial<AssetQuery>): Promise<string[]> {
  const query = { organizationId, silence: readConfig({}).silence, now, limit: 10, offset: 0 };
  const found = await findAssets({ db: database.db, fleetIndex }, { ...query, ...filter });
  expect(found.total).toBe(found.items.length);
  return found.items.map(({ hostname }) => hostname);
}

describe('the dashboard', () => {
  it('shows figures that the lists behind them confirm', async () => {
    const dashboard = await loadDashboard(sources(), organizationId, now);
    expect(dashboard).toMatchObject({ openTotal: 4, knownExploited: 1, newLast7Days: 1, fixedLast7Days: 1 });
    expect(dashboard).toMatchObject({ assets: 2, silentAssets: 1, pendingRestart: 1 });
    const states = (['silent', 'stale', 'archived'] as const).map(async (state) => [state, (await assets({ state })).length]);
    expect(Object.fromEntries(await Promise.all(states))).toEqual(dashboard.unheard);
    expect(Object.values(dashboard.unheard).reduce((sum, count) => sum + count)).toBe(1);
    expect({
      openTotal: await detections({}),
      knownExploited: await detections({ exploited: 'true' }),
      newLast7Days: await detections({ foundWithinDays: 7 }),
      fixedLast7Days: await detections({ status: 'fixed', fixedWithinDays: 7 }),
    }).toEqual({ openTotal: 4, knownExploited: 1, newLast7Days: 1, fixedLast7Days: 1 });
    const bySeverity = severities.map(async (severity) => [
      severityNames[severity],
      await detections({ severityExact: severity }),
    ]);
    expect(Object.fromEntries(await Promise.all(bySeverity))).toEqual(dashboard.open);
  });
});

describe('the filters of a list', () => {
  it.each<[Partial<DetectionQuery>, number]>([
    [{ exploited: 'false' }, 3],
    [{ severity: 5 }, 1],
    [{ severity: 3 }, 4],
    [{ severity: 4, severityExact: 3 }, 0],
    [{ status: 'all', foundWithinDays: 30 }, 5],
    [{ fixedWithinDays: 30 }, 0],
    [{ search: 'EXPLOIT' }, 1],
    [{ search: 'quiet' }, 1],
    [{ search: 'cve-2026-1002' }, 2],
    [{ search: '%' }, 0],
    [{ status: 'new' }, 1],
    [{ status: 'active' }, 3],
    [{ status: 'reopened' }, 0],
    [{ check: 280_001_002, exploited: 'false' }, 2],
    [{ status: 'fixed', search: 'mended' }, 1],
    [{ foundWithinDays: 400 }, 4],
    [{ status: 'fixed', fixedWithinDays: 1 }, 1],
  ])('detections with %j are %i', async (filter, count) => expect(await detections(filter)).toBe(count));

  it.each<[Partial<AssetQuery>, string[]]>([
    [{}, ['web', 'quiet']],
    [{ pendingRestart: 'true' }, ['web']],
    [{ pendingRestart: 'false' }, ['quiet']],
    [{ silent: 'true' }, ['quiet']],
    [{ silent: 'false' }, ['web']],
    [{ severity: 5 }, ['web']],
    [{ severity: 3 }, ['web', 'quiet']],
    [{ severity: 3, silent: 'true', pendingRestart: 'true' }, []],
  ])('assets with %j are %j', async (filter, hostnames) => expect(await assets(filter)).toEqual(hostnames));
});
