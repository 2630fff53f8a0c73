import type { SavedQuery } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;

let database: ThrowAwayDatabase;
let server: TestServer;
let manager: Caller;
let reader: Caller;
let stranger: Caller;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  [manager, stranger] = [await testCaller(server), await testCaller(server)];
  reader = await testCaller(server, { organizationId: manager.organizationId, role: 'reader' });
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function save(by: Caller, query: object): Promise<{ status: number; json: SavedQuery }> {
  const payload = { name: 'mine', about: 'asset', query: 'os:debian', ...query };
  const reply = await server.app.inject({ method: 'POST', url: '/api/v1/queries', headers: by.headers, payload });
  return { status: reply.statusCode, json: reply.json() };
}

async function names(by: Caller): Promise<string[]> {
  const reply = await server.app.inject({ url: '/api/v1/queries', headers: by.headers });
  return reply.json<{ items: SavedQuery[] }>().items.map(({ name, isOwn }) => (isOwn ? name : `${name} of another`));
}

async function remove(by: Caller, id: string): Promise<number> {
  return (await server.app.inject({ method: 'DELETE', url: `/api/v1/queries/${id}`, headers: by.headers })).statusCode;
}

describe('saved queries', () => {
  it('are seen by their owner, and by the organization where they are shared', async () => {
    const own = await save(reader, { name: 'own' });
    const shared = await save(manager, { name: 'for all', shared: true, about: 'detection', query: 'severity:5' });
    expect([own.status, shared.status]).toEqual([200, 200]);
    expect(await names(reader)).toEqual(['for all of another', 'own']);
    expect(await names(manager)).toEqual(['for all']);
    expect(await names(stranger)).toEqual([]);
    // Whose they are not, and from another organization, they cannot be deleted.
    expect(await remove(reader, shared.json.savedQueryId)).toBe(404);
    expect(await remove(stranger, shared.json.savedQueryId)).toBe(404);
    expect(await remove(manager, own.json.savedQueryId)).toBe(404);
    expect(await remove(manager, shared.json.savedQueryId)).toBe(200);
    expect(await remove(reader, own.json.savedQueryId)).toBe(200);
    expect([await names(reader), await names(manager)]).toEqual([[], []]);
  });

  it('are replaced under the same name', async () => {
    const first = await save(manager, { query: 'os:debian' });
    const second = await save(manager, { query: 'os:ubuntu', onDashboard: true });
    expect(second.json).toEqual({ ...first.json, query: 'os:ubuntu', onDashboard: true });
    expect(await remove(manager, second.json.savedQueryId)).toBe(200);
  });

  it.each([
    ['cannot be understood', { query: 'severity:5' }, 400],
    ['asks for nothing', { query: '' }, 400],
    ['has no name', { name: ' ' }, 400],
    ['is about nothing known', { about: 'weather' }, 400],
    ['holds a character 0', { query: 'a\0b' }, 400],
  ])('are refused where one %s', async (_, query, status) => {
    expect((await save(manager, query)).status).toBe(status);
  });

  it('are shared by those alone who may', async () => {
    expect((await save(reader, { shared: true })).status).toBe(403);
  });

  it('end at two hundred of one person', async () => {
    for (let number = 0; number < 200; number += 1) expect((await save(stranger, { name: `q${number}` })).status).toBe(200);
    expect((await save(stranger, { name: 'one more' })).status).toBe(409);
    expect((await save(stranger, { name: 'q7', query: 'web' })).status).toBe(200);
  });
});

describe('values of fields', () => {
  it.each([
    ['about=asset&field=hostname&prefix=w', 200],
    ['about=asset&field=nonsense', 200],
    ['about=asset&field=__proto__', 200],
    ['about=software&field=name&prefix=%25', 200],
    ['about=weather&field=name', 400],
  ])('%s is answered with %i', async (query, status) => {
    const reply = await server.app.inject({ url: `/api/v1/query/values?${query}`, headers: manager.headers });
    expect([reply.statusCode, status === 200 ? reply.json() : null]).toEqual([status, status === 200 ? { items: [] } : null]);
  });
});
