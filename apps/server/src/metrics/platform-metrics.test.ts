import { throwAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';

const stack = new AsyncDisposableStack();
let server: TestServer;

beforeAll(async () => {
  server = stack.use(await testServer(stack.use(await throwAwayDatabase())));
});
afterAll(() => stack.disposeAsync());

it('counts requests by route, not by address, and says what the platform holds', async () => {
  const { headers } = await testCaller(server);
  for (const url of ['/api/v1/checks/1', '/api/v1/checks/2', '/nowhere/3']) await server.app.inject({ url, headers });
  const reply = await server.app.inject({ url: '/metrics', headers });
  expect(reply.headers['content-type']).toMatch(/^text\/plain; version=/);
  const lines = reply.body.split('\n');
  expect(lines).toContain(
    'vedette_http_request_duration_seconds_count{method="GET",route="/api/v1/checks/:number",status="4xx"} 2',
  );
  expect(lines).toContain('vedette_http_request_duration_seconds_count{method="GET",route="none",status="4xx"} 1');
  expect(lines).toContain('vedette_assets 0');
  expect(reply.body).toMatch(/^vedette_database_connections\{state="idle"\} \d+$/m);
  expect(reply.body).not.toContain('/nowhere');
});

it('tells nothing to strangers', async () => {
  const reply = await server.app.inject({ url: '/metrics' });
  expect([reply.statusCode, reply.body.includes('vedette_')]).toEqual([401, false]);
});
