import type { FactRow } from '@vedette/protocol';
import { afterAll, beforeAll } from 'vitest';
import type { MakeDocument } from './history-world.ts';
import type { TestCaller } from './people-world.ts';
import { TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './test-server.ts';
import { reporter } from './told-server.ts';

type TestDatabase = Parameters<typeof testServer>[0] & AsyncDisposable;

/** Of the test kit, which only test files import. */
interface Kit {
  readonly throwAwayDatabase: () => Promise<TestDatabase>;
  readonly syncDocument: MakeDocument;
}

let report: ReturnType<typeof reporter>;
export let database: TestDatabase;
export let server: TestServer;
/** A manager. */
export let caller: TestCaller;

/**
 * What tests of what people say of their fleet begin with: a server over a database of the file, and a manager of an organization. The
 * file's own `beforeAll` comes after it and adds machines.
 */
export function installFleetFixture({ throwAwayDatabase, syncDocument }: Kit): void {
  report = reporter(syncDocument);
  beforeAll(async () => {
    database = await throwAwayDatabase();
    server = await testServer(database);
    caller = await testCaller(server);
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
}

/** A machine of the manager's organization with Debian 12 and these packages, as dpkg reports them; without any it says nothing of packages. */
export async function addMachine(hostname: string, ...packages: FactRow[]): Promise<TestAgent> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname });
  const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian 12' };
  const os = [{ ...release, architecture: 'amd64', hostname }];
  await report(agent, 1, packages.length > 0 ? { os, dpkg: packages } : { os });
  return agent;
}

/** What a machine says of its packages later, by sequences from 2 on. */
export async function reportPackages(agent: TestAgent | undefined, sequence: number, ...packages: FactRow[]): Promise<void> {
  await report(agent, sequence, { dpkg: packages });
}

/** The reply to a request below /api/v1, of the manager or of somebody else. */
export async function call<Json = Record<string, unknown> & { detail?: string }>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  payload?: object,
  by = caller,
): Promise<{ readonly status: number; readonly json: Json }> {
  const reply = await server.app.inject({ method, url: `/api/v1${path}`, headers: by.headers, ...(payload ? { payload } : {}) });
  return { status: reply.statusCode, json: reply.json<Json>() };
}

/** Lets the server's clock go on. */
export function pass(ms: number): void {
  server.clock.now = new Date(server.clock.now.getTime() + ms);
}
