import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import type { Advisory, Vulnerability } from '@vedette/protocol';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { loadCheckHistory } from './check-history.ts';
import { importKnowledge } from './import-knowledge.ts';
import { findCheck } from './store.ts';

const number = 280_001_001;
let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'affected', introduced: null } as const;
const dsa: Advisory = {
  id: 'DSA-9001-1',
  feed: 'debian-dsa',
  published: '2026-10-01',
  vulnerabilities: ['CVE-2026-1001'],
  affected: [{ ...affected, fixed: null, vendorState: 'no-dsa' }],
};
const facts: Vulnerability = {
  id: 'CVE-2026-1001',
  published: '2026-09-30',
  modified: '2026-10-05',
  cvss: [
    { version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8, source: 'nvd' },
    { version: '2.0', vector: 'AV:N/AC:L/Au:N/C:P/I:P/A:P', score: 7.5, source: 'nvd' },
  ],
  cwe: ['CWE-787'],
  kevSince: null,
  epss: null,
};

async function know(day: number, advisories: Advisory[], vulnerabilities: Vulnerability[] = []): Promise<string> {
  const at = new Date(Date.UTC(2026, 10, day));
  await importKnowledge(database.db, { advisories, vulnerabilities, origins: [] }, { at, starter: false });
  return at.toISOString();
}

describe('the history of a check', () => {
  it('is not there before it was known', async () => {
    expect(await loadCheckHistory(database.db, number)).toBeNull();
  });

  it('tells from the versions of the check and of its statements what changed when', async () => {
    const other = { ...dsa, id: 'DSA-9009-1', vulnerabilities: ['CVE-2026-1009'] };
    const first = await know(1, [dsa, other]);
    await know(2, [dsa, other], [facts]);
    await know(3, [{ ...dsa, affected: [{ ...affected, status: 'fixed', fixed: '3.0.2-1' }] }, other], [facts]);
    // Touched, but nothing new.
    await know(
      4,
      [{ ...dsa, affected: [{ ...affected, status: 'fixed', fixed: '3.0.2-1' }] }, other],
      [{ ...facts, modified: '2026-11-04' }],
    );
    await know(5, [other]);
    const last = await know(6, [dsa, other]);

    const history = await loadCheckHistory(database.db, number);
    expect(history).toMatchObject({ firstSeen: first, lastChanged: last });
    expect(history?.changes.map(({ knowledgeVersion, what, from, to }) => [knowledgeVersion, what, from, to])).toEqual([
      [5, 'returned', null, 'CVE-2026-1001'],
      [4, 'withdrawn', 'CVE-2026-1001', null],
      [3, 'statement-changed', 'affected, no fix yet, no-dsa', 'fixed in 3.0.2-1'],
      [3, 'patchable', 'no', 'yes'],
      [2, 'published', '2026-10-01', '2026-09-30'],
      [2, 'weaknesses', null, 'CWE-787'],
      [2, 'cvss', null, '2.0 7.5 (nvd), 3.1 9.8 (nvd)'],
      [2, 'severity', '3 medium (no score known; the vendor issued an advisory)', '5 critical (CVSS 3.1 base score 9.8 (nvd))'],
      [1, 'first-seen', null, 'CVE-2026-1001'],
    ]);
  });

  it('names the updates that bring a fix, also where nothing else does', async () => {
    const windows = { ecosystem: 'windows', release: '', package: 'windows server 2022', introduced: null } as const;
    const fixed = { ...windows, status: 'fixed', fixed: '10.0.20348.2227', patches: ['KB5034129', 'KB5034439'] } as const;
    const unnumbered = {
      ...windows,
      package: 'windows server 2016',
      status: 'fixed',
      fixed: null,
      patches: ['KB5034119'],
    } as const;
    const bulletin = { ...dsa, id: 'msrc:CVE-2026-1005', feed: 'msrc', vulnerabilities: ['CVE-2026-1005'] };
    await know(7, [{ ...bulletin, affected: [fixed, unnumbered].map((one) => ({ ...one, patches: [...one.patches] })) }]);
    await using fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => new Date() });
    const found = await findCheck({ db: database.db, fleetIndex }, { organizationId: randomUUID(), number: 280_001_005 });
    expect(found?.check.affected.map(({ fixed: version, patches }) => [version, patches])).toEqual([
      [null, ['KB5034119']],
      ['10.0.20348.2227', ['KB5034129', 'KB5034439']],
    ]);
  });

  it('comes with every field of the check, its references and what the vendor says', async () => {
    await know(7, [dsa], [facts]);
    const organizationId = randomUUID();
    await using fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => new Date() });
    expect(await findCheck({ db: database.db, fleetIndex }, { organizationId, number })).toMatchObject({
      check: {
        severity: 5,
        severityRule: 'CVSS 3.1 base score 9.8 (nvd)',
        confidence: 'confirmed',
        modified: '2026-10-05',
        cvss: facts.cvss,
        patchable: false,
        affected: [{ ecosystem: 'debian', release: 'bookworm', vendorState: 'no-dsa', published: '2026-10-01' }],
      },
      references: expect.arrayContaining([{ name: 'DSA-9001-1', url: 'https://security-tracker.debian.org/tracker/DSA-9001-1' }]),
      changes: expect.any(Array),
    });
  });
});
