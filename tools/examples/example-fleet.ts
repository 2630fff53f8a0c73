import { buildPostureChecks } from '@vedette/matching';
import { agentPaths, type FactRow, type KnowledgeInput } from '@vedette/protocol';
import { syncDocument } from '@vedette/testkit';
import { importKnowledge, importPosture } from '../../apps/server/src/knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../../apps/server/src/knowledge/judge-unjudged.ts';
import { rootLoginCheck } from '../../apps/server/src/testing/root-login-check.ts';
import { TestAgent } from '../../apps/server/src/testing/test-agent.ts';
import type { TestServer } from '../../apps/server/src/testing/test-server.ts';

const dayMs = 24 * 3_600_000;

const knowledge: KnowledgeInput = {
  advisories: ['openssl', 'curl'].map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-11-02',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ecosystem: 'debian', release: 'bookworm', package: name, status: 'fixed', introduced: null, fixed: '3.0.15-1' }],
  })),
  vulnerabilities: [
    {
      id: 'CVE-2026-1000',
      published: '2026-11-01',
      modified: '2026-11-03',
      cvss: [{ version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8, source: 'nvd' }],
      cwe: ['CWE-787'],
      kevSince: '2026-11-05',
      epss: { score: 0.93, percentile: 0.998, date: '2026-11-09' },
    },
  ],
  origins: ['debian-dsa', 'nvd'].map((feed) => ({
    feed,
    location: `https://${feed}.example/`,
    retrievedAt: '2026-11-10T12:00:00.000Z',
    sha256: 'a'.repeat(64),
  })),
};

/** Two machines, of which the second upgrades curl two days later; the ids of both. */
export async function enrollFleet(server: TestServer, activationKey: string): Promise<string[]> {
  const { db } = server.context;
  const begin = server.clock.now;
  const tick = (ms: number): void => void (server.clock.now = new Date(server.clock.now.getTime() + ms));
  await importKnowledge(db, knowledge, { at: begin, starter: false });
  await importPosture(db, buildPostureChecks([rootLoginCheck], { lifecycles: [], today: '2026-11-10' }), begin);
  const agents: TestAgent[] = [];
  for (const hostname of ['web-1', 'db-1']) {
    tick(1000);
    const agent = new TestAgent(server);
    await agent.enroll(activationKey, {}, { hostname, machineId: hostname, agentVersion: '0.1.0' });
    await agent.post(agentPaths.sync, { documents: firstReport(hostname) });
    agents.push(agent);
  }
  await judgeUnjudged(db);
  tick(2 * dayMs);
  const rows = [debianPackage('openssl', '3.0.11-1'), debianPackage('curl', '3.0.15-1')];
  await agents[1]?.post(agentPaths.sync, { documents: [syncDocument({ collector: 'dpkg', sequence: 2, rows })] });
  await judgeUnjudged(db);
  for (const agent of agents) await agent.post(agentPaths.checkIn, checkIn(server.clock.now));
  return agents.map(({ assetId }) => assetId);
}

function firstReport(hostname: string): object[] {
  const release = {
    id: 'debian',
    idLike: '',
    versionId: '12',
    codename: 'bookworm',
    prettyName: 'Debian GNU/Linux 12 (bookworm)',
  };
  const rows: Readonly<Record<string, readonly FactRow[]>> = {
    os: [{ ...release, hostname, architecture: 'amd64' }],
    dpkg: [debianPackage('openssl', '3.0.11-1'), debianPackage('curl', '3.0.11-1')],
    posture: [{ probe: 'sshd.permitrootlogin', subject: 'PermitRootLogin', value: 'yes', where: '/etc/ssh/sshd_config' }],
  };
  return Object.entries(rows).map(([collector, each]) => syncDocument({ collector, sequence: 1, rows: each }));
}

function debianPackage(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

function checkIn(sentAt: Date): object {
  const consumption = {
    cpuSeconds: 12.5,
    rssBytes: 41_000_000,
    peakRssBytes: 52_000_000,
    unevictableBytes: 9_000_000,
    sentBytes: 120_000,
    uptimeSeconds: 172_800,
  };
  const upgrade = { platform: 'linux-x64', version: '0.1.0', state: 'current' };
  return { agentVersion: '0.1.0', sentAt: sentAt.toISOString(), collectors: [], consumption, upgrade };
}
