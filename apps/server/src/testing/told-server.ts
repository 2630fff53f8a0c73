import { agentPaths, type FactRow } from '@vedette/protocol';
import { expect } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import type { MakeDocument } from './history-world.ts';
import type { TestCaller } from './people-world.ts';
import { TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer } from './test-server.ts';

const dayMs = 24 * 3600 * 1000;

/** A package as dpkg reports it, the only one of its source. */
export function debianPackage(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

/** Sends a snapshot of each of these collectors, all under one sequence; all of it has to be accepted. `syncDocument`: the testkit's. */
export function reporter(syncDocument: MakeDocument) {
  return async function report(
    agent: TestAgent | undefined,
    sequence: number,
    rows: Readonly<Record<string, readonly FactRow[]>>,
  ): Promise<void> {
    const documents = Object.entries(rows).map(([collector, each]) => syncDocument({ collector, sequence, rows: each }));
    const reply = await agent?.post(agentPaths.sync, { documents });
    expect(reply?.json).toMatchObject({ results: documents.map(() => ({ outcome: 'accepted' })) });
  };
}

/** From now on the world knows of one vulnerability in each of these packages of bookworm, all fixed in one version, and of no others. */
export async function learn({ context, clock }: TestServer, fixed: string, ...names: string[]): Promise<void> {
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const advisories = names.map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ...statement, package: name, fixed }],
  }));
  await importKnowledge(context.db, { advisories, vulnerabilities: [], origins: [] }, { at: clock.now, starter: false });
}

export function waitDays({ clock }: TestServer, days: number): void {
  clock.now = new Date(clock.now.getTime() + days * dayMs);
}

/**
 * Three machines of bookworm and a history with one detection fixed, one reopened, a check that came later and one that was withdrawn.
 * `factsOf`: what a machine reports beside its packages, by its name and the number of its report.
 */
export async function toldFleet(
  server: TestServer,
  syncDocument: MakeDocument,
  factsOf: (hostname: string, sequence: number) => Readonly<Record<string, readonly FactRow[]>>,
): Promise<{ readonly caller: TestCaller; readonly agents: TestAgent[] }> {
  const report = reporter(syncDocument);
  const caller = await testCaller(server);
  const agents: TestAgent[] = [];
  const tell = (agent: TestAgent | undefined, hostname: string, sequence: number, openssl: string): Promise<void> =>
    report(agent, sequence, {
      ...factsOf(hostname, sequence),
      dpkg: [debianPackage('openssl', openssl), debianPackage('curl', '1.0-1')],
    });
  await learn(server, '2.0-1', 'openssl', 'curl');
  for (const hostname of ['web-1', 'web-2', 'db-1']) {
    const agent = new TestAgent(server);
    await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname, machineId: hostname });
    agents.push(agent);
    await tell(agent, hostname, 1, '1.0-1');
  }
  waitDays(server, 2);
  await tell(agents[0], 'web-1', 2, '2.0-1');
  waitDays(server, 2);
  await tell(agents[0], 'web-1', 3, '1.0-1');
  await learn(server, '2.0-1', 'openssl', 'bash');
  return { caller, agents };
}

/** What lists of detections say now, and as of each of so many days before. */
export function detectionPaths({ clock }: TestServer, days: number): string[] {
  const moments = Array.from({ length: days }, (_, before) => new Date(clock.now.getTime() - before * dayMs).toISOString());
  return ['', ...moments.map((asOf) => `&asOf=${asOf}`)].map((asOf) => `/detections?status=all&limit=100${asOf}`);
}

/** The answers to these paths of the API, each of which has to have one. */
export function answersTo(
  { app }: TestServer,
  headers: Readonly<Record<string, string>>,
  paths: readonly string[],
): Promise<(readonly [path: string, answer: unknown])[]> {
  return Promise.all(
    paths.map(async (path) => {
      const reply = await app.inject({ url: `/api/v1${path}`, headers });
      expect([path, reply.statusCode]).toEqual([path, 200]);
      return [path, reply.json()] as const;
    }),
  );
}
