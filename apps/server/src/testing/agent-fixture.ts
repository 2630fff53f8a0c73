import { agentPaths, type FactRow, type SyncDocument } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { PoolConfig } from 'pg';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { findFacts } from '../assets/facts.ts';
import type { Database } from '../db/schema.ts';
import { type AgentReply, TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './test-server.ts';

interface TestDatabase extends AsyncDisposable {
  readonly db: Kysely<Database>;
  readonly connection: PoolConfig;
}

/** Of the test kit, which only test files import. */
interface Kit {
  readonly throwAwayDatabase: () => Promise<TestDatabase>;
  readonly syncDocument: (change: { collector: string; sequence: number; rows: readonly FactRow[] }) => SyncDocument;
}

let kit: Kit;
export let database: TestDatabase;
export let server: TestServer;
export let organizationId: string;
export let agent: TestAgent;

/** What tests of the interface for agents begin with: a server over a database of the file, and a fresh agent for each test. */
export function installAgentFixture(parts: Kit): void {
  kit = parts;
  beforeAll(async () => {
    database = await kit.throwAwayDatabase();
    server = await testServer(database);
    ({ organizationId } = await testCaller(server));
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    agent = await enrolledAgent();
  });
}

export async function enrolledAgent(): Promise<TestAgent> {
  const one = new TestAgent(server);
  await one.enroll(await testActivationKey(server, organizationId));
  return one;
}

export const checkIn = {
  agentVersion: '1',
  sentAt: '2026-11-22T12:00:00Z',
  collectors: [] as object[],
  consumption: { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 },
};

export function user(name: string, more: FactRow = {}): FactRow {
  return { name, uid: 1, gid: 1, home: '/', shell: '', password: 'set', groups: [], ...more };
}

export function users(...rows: FactRow[]): SyncDocument {
  return kit.syncDocument({ collector: 'user', sequence: 1, rows });
}

export function sync(...documents: object[]): Promise<AgentReply> {
  return agent.post(agentPaths.sync, { documents });
}

/** The stored rows of this collector on the agent's asset. */
export async function stored(collector: string): Promise<unknown[]> {
  const { assetId } = agent;
  return (await findFacts(database.db, { organizationId, assetId, collector, limit: 500, offset: 0 })).items;
}
