import { AsyncLocalStorage } from 'node:async_hooks';
import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import { ApiError } from '../apps/server/src/http/api-error.ts';
import type { TestServer } from '../apps/server/src/testing/test-server.ts';
import { recordExamples } from '../tools/examples/record-examples.ts';

/** Written by every request that changes something, before it begins. */
const ofRequests = ['audit_event', 'audit_head', 'audit_intent', 'session', 'api_token'];

/** Lets the fleet index be built anew as soon as a request that changes something has stored it; says of which requests that was asked. */
function loseIndex({ app, context: { db, fleetIndex } }: TestServer): ReadonlySet<string> {
  const refused = new Set<string>();
  const current = fleetIndex.current.bind(fleetIndex);
  // Whoever works beside requests, or goes on after one, asks the index, too.
  const changes = new AsyncLocalStorage<{ readonly name: string; readonly before: string; isAnswered: boolean }>();
  app.addHook('preHandler', ({ method, routeOptions: { url } }, _, done) => {
    if (method === 'GET') return done();
    stored().then((before) => changes.run({ name: `${method} ${url}`, before, isAnswered: false }, done), done);
  });
  app.addHook('onResponse', async () => {
    const change = changes.getStore();
    if (change) change.isAnswered = true;
  });
  vi.spyOn(fleetIndex, 'current').mockImplementation(async (organizationId) => {
    const change = changes.getStore();
    if (!change || change.isAnswered || (await stored()) === change.before) return current(organizationId);
    refused.add(change.name);
    throw new ApiError('UNAVAILABLE', 'The index of the fleet is being built');
  });
  return refused;

  async function stored(): Promise<string> {
    const { rows } = await sql<{ content: string }>`
      select md5(string_agg(query_to_xml(format('select * from %I', table_name), true, false, '')::text, '' order by table_name)) as content
      from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> all(${ofRequests}::text[])`.execute(db);
    return rows[0]?.content ?? '';
  }
}

it('a change that was stored is not answered with 503, whatever becomes of the fleet index meanwhile', async () => {
  let refused: ReadonlySet<string> = new Set();
  // It throws where an operation is not answered with 200.
  await recordExamples((server) => void (refused = loseIndex(server)));
  expect([...refused].toSorted()).toEqual([
    'POST /api/v1/exceptions',
    'POST /api/v1/exceptions/:exceptionId/decision',
    'POST /api/v1/exceptions/vex',
    'POST /api/v1/profiles',
    'POST /api/v1/profiles/:profileId',
    'POST /api/v1/profiles/order',
  ]);
});
