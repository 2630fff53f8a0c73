import { buildPostureChecks } from '@vedette/matching';
import { type Advisory, agentPaths, type FactRow, type KnowledgeInput } from '@vedette/protocol';
import fc from 'fast-check';
import { importKnowledge, importPosture } from '../knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import type { MakeDocument } from './history-world.ts';
import type { TestCaller } from './people-world.ts';
import { rootLoginCheck } from './root-login-check.ts';
import { TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer } from './test-server.ts';

/** A package version as a machine has it. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly ecosystem: string;
  readonly release: string;
  readonly architecture: string;
}

/** What is true of a machine beside what the API says of it. */
export interface TrueMachine {
  readonly agent: TestAgent;
  readonly activationKeyId: string;
  readonly installed: readonly Installed[];
}

const dayMs = 24 * 3_600_000;
const begin = Date.parse('2026-09-01T00:00:00Z');
const names = ['openssl', 'libssl3', 'curl', 'zlib1g'];
const sources = ['openssl', 'openssl', 'curl', 'zlib'];
/** Of `advisories`, one for each. */
const flawed = ['openssl', 'curl', 'zlib', 'openssl'];
const activationKeyIds = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

const version = fc.option(fc.constantFrom('1.0-1', '1.5~rc1-1', '2.0-1', '2:0.1-1'), { nil: null, freq: 4 });
const versions = fc.tuple(...names.map(() => version));
const machine = fc.record({
  hostname: fc.constantFrom('web-1', 'Web-2', 'db_%1', 'ÄRGER', 'a "b" \\c'),
  release: fc.constantFrom('bookworm', 'bookworm', 'trixie'),
  architecture: fc.constantFrom('amd64', 'arm64'),
  agentVersion: fc.constantFrom('0.1.0', '0.2.0'),
  key: fc.nat(1),
  /** At the beginning and on two later days; null for nothing new. */
  packages: fc.tuple(versions, fc.option(versions), fc.option(versions)),
  waitsForRestart: fc.boolean(),
  rootLogin: fc.constantFrom(null, 'yes', 'no'),
  /** In the end: heard of then, only a report of packages, or not since the beginning. */
  last: fc.constantFrom('check-in', 'check-in', 'report', 'nothing'),
});
const fix = fc.option(fc.constantFrom('1.5-1', '2.0-1', null), { nil: undefined, freq: 5 });
const belief = fc.option(
  fc.record({
    bookworm: fix,
    trixie: fix,
    vendorState: fc.constantFrom(null, null, 'unimportant' as const, 'undetermined' as const),
    published: fc.constantFrom(null, '2026-07-31', '2026-08-20'),
    modified: fc.constantFrom(null, '2026-08-21'),
    score: fc.constantFrom(null, 4.3, 7.5, 9.8),
    epss: fc.constantFrom(null, 0.00042, 0.97),
    isExploited: fc.boolean(),
  }),
  { nil: null, freq: 5 },
);
const beliefs = fc.tuple(...flawed.map(() => belief));

export const randomFleet = fc.record({
  machines: fc.array(machine, { minLength: 3, maxLength: 6 }),
  /** At the beginning, and later. */
  knowledge: fc.tuple(beliefs, beliefs),
  tag: fc.constantFrom('release:bookworm', 'packages:>2', 'critical:>0 or hostname:web'),
  /** Whatever the index remembers, everything happened within it, or long before. */
  days: fc.constantFrom(6, 12, 45),
  exceptions: fc.array(fc.constantFrom('CVE-2026-1000', 'CVE-2026-1001', 'CVE-2026-1003'), { maxLength: 2 }),
});
type RandomFleet = typeof randomFleet extends fc.Arbitrary<infer Fleet> ? Fleet : never;
type Belief = RandomFleet['knowledge'][number][number];

/** Lets all of it happen on a server of an empty database, by the ways that agents and people go. */
export async function playFleet(
  server: TestServer,
  makeDocument: MakeDocument,
  fleet: RandomFleet,
): Promise<{ readonly caller: TestCaller; readonly machines: readonly TrueMachine[]; readonly begin: Date }> {
  const { db } = server.context;
  const turn = (day: number): void => void (server.clock.now = new Date(begin + day * dayMs));
  const know = async (said: RandomFleet['knowledge'][number]): Promise<void> => {
    await importKnowledge(db, knowledgeOf(said), { at: server.clock.now, starter: false });
    await judgeUnjudged(db);
  };
  turn(0);
  const caller = await testCaller(server);
  const { organizationId } = caller;
  await know(fleet.knowledge[0]);
  await importPosture(db, buildPostureChecks([rootLoginCheck], { lifecycles: [], today: '2026-09-01' }), server.clock.now);
  const keys: string[] = [];
  for (const id of activationKeyIds) keys.push(await testActivationKey(server, organizationId, { id }));
  const agents: TestAgent[] = [];
  for (const one of fleet.machines) {
    const agent = new TestAgent(server);
    const machineId = String(agents.length);
    const { hostname, agentVersion } = one;
    await agent.enroll(keys[one.key] ?? '', {}, { hostname, agentVersion, machineId });
    agents.push(agent);
    await agent.post(agentPaths.sync, { documents: firstDocuments(makeDocument, one) });
  }
  await judgeUnjudged(db);
  for (const [later, day] of [2, 4].entries()) {
    turn(day);
    if (later === 1) await know(fleet.knowledge[1]);
    for (const [place, one] of fleet.machines.entries()) {
      const reported = one.packages[later + 1];
      if (!reported || one.last === 'nothing') continue;
      const rows = rowsOf(one, reported);
      await agents[place]?.post(agentPaths.sync, { documents: [makeDocument({ collector: 'dpkg', sequence: later + 2, rows })] });
    }
    await judgeUnjudged(db);
  }
  turn(fleet.days);
  for (const [place, { last, agentVersion }] of fleet.machines.entries())
    if (last === 'check-in') await agents[place]?.post(agentPaths.checkIn, checkIn(agentVersion, server.clock.now));
  await tell(server, caller, { fleet, first: agents[0]?.assetId ?? '' });
  turn(fleet.days + 1 / 24 / 60);
  const machines = fleet.machines.map((one, place): TrueMachine => {
    const own = one.last === 'nothing' ? [one.packages[0]] : one.packages;
    const rows = rowsOf(one, own.findLast((each) => each !== null) ?? []);
    const installed = rows.map(({ name, version: installedVersion, source, architecture }): Installed => {
      const where = { ecosystem: 'debian', release: one.release, architecture };
      return { name, version: installedVersion, source, ...where };
    });
    return { agent: agents[place]!, activationKeyId: activationKeyIds[one.key] ?? '', installed }; // one for each
  });
  return { caller, machines, begin: new Date(begin) };
}

/** What people say of it: tags by query, by hand and by both, and exceptions. */
async function tell(
  { app }: TestServer,
  { headers }: TestCaller,
  { fleet, first }: { readonly fleet: RandomFleet; readonly first: string },
): Promise<void> {
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url: `/api/v1${url}`, headers, payload });
  await post('/tags/old', { query: fleet.tag, criticality: 5 });
  await post('/tags/hand', { exposure: 'internet' });
  await post('/tags/both', { query: 'tag:old or tag:hand' });
  await post(`/assets/${first}/tags`, { add: ['hand'] });
  for (const [place, name] of [...new Set(fleet.exceptions)].entries()) {
    const asked = { query: `name:${name}`, status: 'affected', reason: 'tested' };
    // Refused where nothing of the kind is open.
    await post('/exceptions', place === 0 ? { ...asked, assets: 'tag:hand' } : { ...asked, anyVersion: true });
  }
}

type Machine = RandomFleet['machines'][number];

function firstDocuments(makeDocument: MakeDocument, one: Machine): object[] {
  const codename = one.release;
  const debian = { id: 'debian', idLike: '', versionId: codename === 'trixie' ? '13' : '12', codename, prettyName: 'Debian' };
  const flag = { kind: 'flag', subject: '/run/reboot-required', detail: [], processes: 0 };
  const read = { probe: 'sshd.permitrootlogin', subject: 'PermitRootLogin', value: one.rootLogin ?? '', where: '/etc' };
  const rows: Readonly<Record<string, readonly FactRow[]>> = {
    os: [{ ...debian, hostname: one.hostname, architecture: one.architecture }],
    dpkg: rowsOf(one, one.packages[0]),
    restart: one.waitsForRestart ? [flag] : [],
    posture: one.rootLogin === null ? [] : [read],
  };
  return Object.entries(rows).map(([collector, each]) => makeDocument({ collector, sequence: 1, rows: each }));
}

function rowsOf({ architecture }: Machine, installed: readonly (string | null)[]) {
  return names.flatMap((name, place) => {
    const own = installed[place] ?? null;
    if (own === null) return [];
    return [{ name, version: own, source: sources[place] ?? '', sourceVersion: own, architecture, state: 'installed' }];
  });
}

function checkIn(agentVersion: string, sentAt: Date): object {
  const consumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
  return { agentVersion, sentAt: sentAt.toISOString(), collectors: [], consumption };
}

function knowledgeOf(said: readonly Belief[]): KnowledgeInput {
  const known = said.flatMap((one, place) => (one ? [{ one, place }] : []));
  return {
    advisories: known.map(({ one, place }) => advisoryOf(one, place)),
    vulnerabilities: known.map(({ one, place }) => ({
      id: `CVE-2026-${1000 + place}`,
      published: one.published,
      modified: one.modified,
      cvss: one.score === null ? [] : [{ version: '3.1', vector: 'CVSS:3.1', score: one.score, source: 'nvd' }],
      cwe: [],
      kevSince: one.isExploited ? '2026-08-30' : null,
      epss: one.epss === null ? null : { score: one.epss, percentile: 0.5, date: '2026-08-31' },
    })),
    origins: [],
  };
}

function advisoryOf({ vendorState, ...one }: NonNullable<Belief>, place: number): Advisory {
  const affected = (['bookworm', 'trixie'] as const).flatMap((release) => {
    const fixed = one[release];
    if (fixed === undefined) return [];
    const about = { ecosystem: 'debian', release, package: flawed[place] ?? '', introduced: null, fixed } as const;
    return [fixed === null ? { ...about, status: 'affected' as const, vendorState } : { ...about, status: 'fixed' as const }];
  });
  const about = { id: `DSA-${9000 + place}-1`, feed: 'debian-dsa', published: '2026-08-25' };
  return { ...about, vulnerabilities: [`CVE-2026-${1000 + place}`], affected };
}
