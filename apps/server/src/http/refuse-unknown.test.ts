import { throwAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestCaller } from '../testing/people-world.ts';
import { testCaller, testServer } from '../testing/test-server.ts';

let server: Awaited<ReturnType<typeof testServer>>;
let caller: TestCaller;
let end = async (): Promise<void> => undefined;

beforeAll(async () => {
  const database = await throwAwayDatabase();
  server = await testServer(database);
  caller = await testCaller(server);
  end = async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
}, 60_000);
afterAll(() => end());

async function ask(method: 'GET' | 'POST', path: string, payload?: object) {
  const { headers } = caller;
  const reply = await server.app.inject({ method, url: `/api/v1${path}`, headers, ...(payload ? { payload } : {}) });
  return { status: reply.statusCode, detail: reply.json<{ detail?: string }>().detail };
}

it.each([
  ['/detections?serverity=5', 'query.serverity: not known here; there is'],
  ['/assets?limit=1&Query=os:debian', 'query.Query: not known here'],
  ['/about?verbose=1', 'query.verbose: not known here'],
])('%s is refused, not answered as if nothing had been asked for', async (path, problem) => {
  const { status, detail } = await ask('GET', path);
  expect([status, detail]).toEqual([400, expect.stringContaining(problem)]);
});

it.each<[string, object, string]>([
  ['/api-tokens', { name: 'a day', expiresInDay: 1 }, 'body.expiresInDay: not known here'],
  ['/api-tokens', { name: 'reading', permission: ['asset:read'] }, 'body.permission: not known here'],
  ['/users', { login: 'ada', role: 'reader', asset_scope: 'tag:web' }, 'body.asset_scope: not known here'],
  [
    '/notification-channels',
    { name: 'x', settings: { kind: 'syslog', host: 'a.example', port: 6514, transport: 'tls', certificate: 'x' } },
    'body.settings.certificate: not known here',
  ],
])('a body of %s with %j is refused', async (path, body, problem) => {
  const { status, detail } = await ask('POST', path, body);
  expect([status, detail]).toEqual([400, expect.stringContaining(problem)]);
});

it.each([
  ['lists', '['.repeat(200_000), ']'.repeat(200_000)],
  ['objects', '{"a":'.repeat(100_000), `1${'}'.repeat(100_000)}`],
])('refuses %s in each other without end', async (_, begin, end_) => {
  const payload = `{"document":{"@context":"https://openvex.dev/ns/v0.2.0","statements":[],"x":${begin}${end_}}}`;
  const headers = { ...caller.headers, 'content-type': 'application/json' };
  const reply = await server.app.inject({ method: 'POST', url: '/api/v1/exceptions/vex', headers, payload });
  expect([reply.statusCode, reply.json()]).toMatchObject([400, { detail: 'body: it has more than 100 levels' }]);
});

it('leaves what is kept as it came alone', async () => {
  const document = { '@context': 'https://openvex.dev/ns/v0.2.0', author: 'x', statements: [], tooling: { name: 'y' } };
  expect(await ask('POST', '/exceptions/vex', { document, dryRun: true })).toMatchObject({ status: 200 });
});
