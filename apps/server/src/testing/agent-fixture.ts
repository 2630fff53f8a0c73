import { agentPaths, type FactRow, type SyncDocument } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type AgentReply, TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './test-server.ts';

/** What tests of the interface for agents begin with: a server over a database of the file, and a fresh agent for each test. */
export let database: ThrowAwayDatabase;
export let server: TestServer;
export let organizationId: string;
export let agent: TestAgent;

beforeAll(async () => {
  database = await throwAwayDatabase();
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
  return syncDocument({ collector: 'user', sequence: 1, rows });
}

export function sync(...documents: object[]): Promise<AgentReply> {
  return agent.post(agentPaths.sync, { documents });
}

/** Bodies of the stored rows of this collector on the agent's asset. */
export async function stored(collector: string): Promise<unknown[]> {
  const rows = await database.db
    .selectFrom('factRow')
    .select('body')
    .where('assetId', '=', agent.assetId)
    .where('collector', '=', collector)
    .execute();
  return rows.map(({ body }) => body);
}
