import { randomUUID } from 'node:crypto';
import { type Advisory, type DpkgPackage, type FactRow, type KnowledgeInput, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KnownAgent } from '../agents/store.ts';
import { syncNow } from '../testing/sync-now.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { readConfig } from '../config.ts';
import { loadDashboard } from '../dashboard/store.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { explainDetection } from './explain-detection.ts';
import { findDetections } from './store.ts';

let database: ThrowAwayDatabase;
let now = new Date('2026-11-01T12:00:00Z');
let agent: KnownAgent;
let sequences: Map<string, number>;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  // The knowledge base is one for all tests, and its time never runs backwards.
  later(30);
  sequences = new Map();
  agent = { organizationId: randomUUID(), assetId: randomUUID(), id: randomUUID(), publicKey: Buffer.alloc(32) };
  await database.db
    .insertInto('asset')
    .values({
      organizationId: agent.organizationId,
      id: agent.assetId,
      hostname: 'web-1',
      machineId: 'm',
      firstSeen: now,
      lastSeen: now,
      lastScan: null,
    })
    .execute();
});

const bookworm: FactRow = {
  id: 'debian',
  idLike: '',
  versionId: '12',
  codename: 'bookworm',
  prettyName: 'Debian GNU/Linux 12 (bookworm)',
  hostname: 'web-1',
  architecture: 'amd64',
};

function pkg(name: string, version: string, change: Partial<DpkgPackage> = {}): DpkgPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed', ...change };
}

function advisory(id: string, cve: string, affected: { package: string; fixed: string; release?: string }): Advisory {
  const { package: source, fixed, release = 'bookworm' } = affected;
  return {
    id,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [cve],
    affected: [{ ecosystem: 'debian', release, package: source, status: 'fixed', introduced: null, fixed }],
  };
}

function know(...advisories: Advisory[]): Promise<unknown> {
  const input: KnowledgeInput = { advisories, vulnerabilities: [], origins: [] };
  return importKnowledge(database.db, input, { at: now, starter: false });
}

async function send(collector: string, rows: readonly FactRow[]): Promise<unknown> {
  const sequence = (sequences.get(collector) ?? 0) + 1;
  sequences.set(collector, sequence);
  const context = { db: database.db, clock: () => now };
  const document = Sync.parse({ documents: [syncDocument({ collector, sequence, rows })] });
  const reply = await syncNow(context, agent, document);
  return reply.results[0]?.outcome;
}

function later(days: number): void {
  now = new Date(now.getTime() + days * 24 * 3600 * 1000);
}

async function detections(asOf = now) {
  const query = { organizationId: agent.organizationId, asOf, status: 'all' as const, limit: 100, offset: 0 };
  return (await findDetections(database.db, query)).items;
}

const dsa = advisory('DSA-9001-1', 'CVE-2026-1001', { package: 'openssl', fixed: '3.0.2-1' });

describe('a detection', () => {
  it('is new, then active, then fixed, then reopened, as the package goes and comes', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    expect(await detections()).toMatchObject([{ status: 'new', check: 280_001_001, firstFound: now.toISOString() }]);
    const firstFound = now.toISOString();
    later(8);
    expect(await detections()).toMatchObject([{ status: 'active', firstFound }]);
    await send('dpkg', [pkg('openssl', '3.0.2-1')]);
    expect(await detections()).toMatchObject([{ status: 'fixed', firstFound, fixedAt: now.toISOString() }]);
    later(1);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    expect(await detections()).toMatchObject([{ status: 'reopened', firstFound, fixedAt: null }]);
  });

  it('stays one stretch when one affected version replaces another', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.0-1')]);
    const firstFound = now.toISOString();
    later(1);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    expect(await detections()).toMatchObject([{ status: 'new', firstFound, packages: [{ installed: '3.0.1-1' }] }]);
    const ref = { organizationId: agent.organizationId, assetId: agent.assetId, check: 280_001_001 };
    expect((await explainDetection(database.db, ref, { asOf: now }))?.intervals).toHaveLength(1);
  });

  it('appears without the agent when the world learns of it, and goes when the advisory is withdrawn', async () => {
    await know();
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    expect(await detections()).toEqual([]);
    later(1);
    await know(dsa);
    const learned = now.toISOString();
    expect(await detections()).toMatchObject([{ status: 'new', firstFound: learned }]);
    later(1);
    await know();
    expect(await detections()).toMatchObject([{ status: 'fixed', fixedAt: now.toISOString() }]);
    const ref = { organizationId: agent.organizationId, assetId: agent.assetId, check: 280_001_001 };
    expect((await explainDetection(database.db, ref, { asOf: now }))?.intervals).toMatchObject([
      { from: learned, cause: 'knowledge-change', endCause: 'knowledge-change' },
    ]);
  });

  it('can be asked for as of any moment', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    const before = new Date(now.getTime() - 1);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    const open = now;
    later(10);
    await send('dpkg', [pkg('openssl', '3.0.2-1')]);
    expect(await detections(before)).toEqual([]);
    expect(await detections(open)).toMatchObject([{ status: 'new', fixedAt: null }]);
    expect(await detections()).toMatchObject([{ status: 'fixed' }]);
  });

  it('explains itself by package, comparison and advisory', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('libssl3', '3.0.1-1+b1', { source: 'openssl', sourceVersion: '3.0.1-1' })]);
    const ref = { organizationId: agent.organizationId, assetId: agent.assetId, check: 280_001_001 };
    expect((await explainDetection(database.db, ref, { asOf: now }))?.why).toMatchObject([
      {
        package: { name: 'libssl3', installed: '3.0.1-1+b1', fixed: '3.0.2-1' },
        comparison: { left: '3.0.1-1', operator: '<', right: '3.0.2-1' },
        advisory: { id: 'DSA-9001-1' },
      },
    ]);
    expect(await explainDetection(database.db, { ...ref, organizationId: randomUUID() }, { asOf: now })).toBeNull();
  });

  it('counts a kernel on disk as information and the running one as confirmed, until the reboot', async () => {
    await know(advisory('DSA-9002-1', 'CVE-2026-1002', { package: 'linux', fixed: '6.1.20-1' }));
    await send('os', [bookworm]);
    const kernel = { source: 'linux-signed-amd64', sourceVersion: '6.1.10+1' };
    await send('dpkg', [pkg('linux-image-6.1.0-10-amd64', '6.1.10-1', kernel)]);
    expect(await detections()).toMatchObject([{ confidence: 'information', severity: 1, packages: [{ role: 'dormant' }] }]);
    const running = (release: string, version: string) => [{ release, running: true, version, banner: '' }];
    await send('kernel', running('6.1.0-10-amd64', '6.1.10-1'));
    expect(await detections()).toMatchObject([{ confidence: 'confirmed', status: 'new' }]);
    await send('dpkg', [pkg('linux-image-6.1.0-20-amd64', '6.1.20-1', { ...kernel, sourceVersion: '6.1.20+1' })]);
    expect(await detections()).toMatchObject([{ status: 'new', packages: [{ role: 'running' }] }]);
    later(1);
    await send('kernel', running('6.1.0-20-amd64', '6.1.20-1'));
    expect(await detections()).toMatchObject([{ status: 'fixed', fixedAt: now.toISOString() }]);
  });

  it('is not made by a package of which only configuration files remain', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.1-1', { state: 'config-files' })]);
    expect(await detections()).toEqual([]);
  });

  it('follows the machine to another release', async () => {
    await know(dsa, advisory('DSA-9003-1', 'CVE-2026-1003', { package: 'openssl', fixed: '3.5.2-1', release: 'trixie' }));
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.2-1')]);
    expect(await detections()).toEqual([]);
    later(1);
    await send('os', [{ ...bookworm, versionId: '13', codename: 'trixie' }]);
    expect(await detections()).toMatchObject([{ name: 'CVE-2026-1003' }]);
  });

  it('follows the authority of the machine: Ubuntu speaks of its own packages alone', async () => {
    const usn: Advisory = {
      ...advisory('USN-9001-1', 'CVE-2026-1006', { package: 'openssl', fixed: '3.0.2-0ubuntu1.20', release: 'jammy' }),
      feed: 'ubuntu-cve-tracker',
    };
    const affected = usn.affected.map((statement) => ({ ...statement, ecosystem: 'ubuntu' as const }));
    await know(dsa, { ...usn, affected });
    await send('os', [{ ...bookworm, id: 'ubuntu', idLike: 'debian', versionId: '22.04', codename: 'jammy' }]);
    await send('dpkg', [pkg('openssl', '3.0.2-0ubuntu1.10')]);
    expect(await detections()).toMatchObject([{ name: 'CVE-2026-1006', packages: [{ fixed: '3.0.2-0ubuntu1.20' }] }]);
  });

  it('is never seen by another organization', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    const query = { organizationId: randomUUID(), asOf: now, status: 'all' as const, limit: 10, offset: 0 };
    expect(await findDetections(database.db, query)).toEqual({ total: 0, items: [], next: null });
  });
});

describe('the dashboard', () => {
  it('names the upgrade that removes most, to the highest fixing version in the order of the distribution', async () => {
    const fixedIn = (id: string, cve: string, fixed: string) => advisory(id, cve, { package: 'curl', fixed });
    await know(fixedIn('DSA-9004-1', 'CVE-2026-1004', '1.10-1'), fixedIn('DSA-9005-1', 'CVE-2026-1005', '1.9-1'), dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('curl', '1.8-1'), pkg('openssl', '3.0.1-1')]);
    await using fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => now });
    const { topUpgrades } = await loadDashboard(
      { db: database.db, fleetIndex, config: readConfig({}), clock: () => now },
      agent.organizationId,
      now,
    );
    expect(topUpgrades).toMatchObject([
      { source: 'curl', fixed: '1.10-1', detections: 2, assets: 1 },
      { source: 'openssl', fixed: '3.0.2-1', detections: 1 },
    ]);
  });
});

describe('a new knowledge version', () => {
  it('keeps the begin of a verdict whose evidence did not change', async () => {
    await know(dsa);
    await send('os', [bookworm]);
    await send('dpkg', [pkg('openssl', '3.0.1-1')]);
    const firstFound = now.toISOString();
    later(1);
    await importKnowledge(
      database.db,
      {
        advisories: [dsa],
        vulnerabilities: [{ id: 'CVE-2026-1001', published: null, cvss: [], cwe: [], kevSince: '2026-11-02', epss: null }],
        origins: [],
      },
      { at: now, starter: false },
    );
    expect(await detections()).toMatchObject([{ severity: 5, status: 'new', firstFound }]);
  });

  it('is not made by the same input', async () => {
    const first = await importKnowledge(
      database.db,
      { advisories: [dsa], vulnerabilities: [], origins: [] },
      { at: now, starter: false },
    );
    const again = await importKnowledge(
      database.db,
      { advisories: [dsa], vulnerabilities: [], origins: [] },
      { at: now, starter: false },
    );
    expect(again).toMatchObject({ version: first.version, changed: 0 });
  });
});
