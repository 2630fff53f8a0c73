import { endpoints } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestCaller } from '../testing/people-world.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { queryShape } from './csv-of-items.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: TestCaller;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  caller = await testCaller(server);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function ask(path: string, query: Readonly<Record<string, string>>): Promise<{ status: number; detail: unknown }> {
  const filled = path.replaceAll(/:\w+/g, '018f2c7e-0000-7000-8000-000000000001');
  const url = `/api/v1${filled}?${new URLSearchParams(query).toString()}`;
  const reply = await server.app.inject({ url, headers: caller.headers });
  return { status: reply.statusCode, detail: reply.json<{ detail?: unknown }>().detail };
}

const travelling = Object.values(endpoints).filter((endpoint) => endpoint.method === 'GET' && 'asOf' in queryShape(endpoint));

it.each(travelling.map((endpoint) => [endpoint.name, endpoint] as const))(
  '%s refuses a moment that is still to come',
  async (_, endpoint) => {
    const { path } = endpoint;
    const ahead = new Date(server.clock.now.getTime() + 301_000).toISOString();
    const shape = queryShape(endpoint);
    const needed = Object.fromEntries(Object.entries({ groupBy: 'check', collector: 'user' }).filter(([name]) => name in shape));
    expect(await ask(path, { ...needed, asOf: ahead })).toEqual({
      status: 400,
      detail: `query.asOf: ${ahead} is still to come, here it is ${server.clock.now.toISOString()}`,
    });
    // By a clock that is a little ahead it is now.
    const near = new Date(server.clock.now.getTime() + 299_000).toISOString();
    expect((await ask(path, { ...needed, asOf: near })).status).not.toBe(400);
  },
);

it('a query refuses it at its place, also beside a moment of its own', async () => {
  const ahead = new Date(server.clock.now.getTime() + 301_000).toISOString();
  const detail = `query, at character 10, "${ahead}": asOf looks back: this moment is still to come`;
  expect(await ask('/assets', { query: `web asOf:${ahead}` })).toEqual({ status: 400, detail });
  expect((await ask('/detections', { query: 'openssl', asOf: ahead })).status).toBe(400);
});
