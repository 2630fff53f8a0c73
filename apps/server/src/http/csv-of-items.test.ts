import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { type Endpoint, endpoints, limits } from '@vedette/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { csvOfItems } from './csv-of-items.ts';
import { type Canary, type PeopleWorld, peopleWorld } from '../testing/people-world.ts';

const lists = (Object.values(endpoints) as Endpoint[]).filter(
  ({ method, reply }) => method === 'GET' && reply instanceof z.ZodObject && 'items' in reply.shape,
);
/** What has items and is no list of things: figures of one thing, or a part that grows. */
const others = ['listFieldValues', 'getAssetFixes', 'getTimeline'];
/** What a spreadsheet would run. */
const formula = '=cmd("calc")';

let world: PeopleWorld;
let asset: Canary;

beforeAll(async () => {
  world = await peopleWorld({ database: await throwAwayDatabase(), syncDocument }, ['web1']);
  asset = await world.addAsset('web1');
  await post('/activation-keys', { name: formula });
  await post('/api-tokens', { name: formula });
  for (let number = 1; number <= 3; number += 1)
    await post('/roles', { name: `${formula}${number}`, permissions: ['asset:read'] });
  await post('/users', { login: 'somebody', name: formula, role: 'reader' });
  await post('/tags/own-tag', { description: formula });
  await post(`/assets/${asset.assetId}/tags`, { add: ['own-tag'] });
  await post('/queries', { name: formula, about: 'asset', query: 'os:debian' });
  await post('/reports', { name: formula, kind: 'summary', format: 'csv' });
  await post('/report-schedules', { name: formula, kind: 'summary', format: 'csv', cron: '0 7 * * 1' });
  await post('/profiles', { name: formula });
  await post('/exceptions', {
    query: 'severity:>=1',
    status: 'not_affected',
    justification: 'component_not_present',
    reason: formula,
  });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

async function post(path: string, payload: object): Promise<void> {
  const { headers } = world.manager;
  const reply = await world.server.app.inject({ method: 'POST', url: `/api/v1${path}`, headers, payload });
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.body}`);
}

function get({ path }: Endpoint, query: string, headers: Record<string, string> = {}) {
  const filled = path.replace(':assetId', asset.assetId).replace(':collector', 'dpkg');
  return world.server.app.inject({ url: `/api/v1${filled}${query}`, headers: { ...world.manager.headers, ...headers } });
}

describe('every list', () => {
  const wanted = lists.filter(({ name }) => !others.includes(name)).map((endpoint) => [endpoint.name, endpoint] as const);

  it.each(wanted)(
    '%s comes as CSV: as many rows as there are items, and nothing that a spreadsheet runs',
    async (_, endpoint) => {
      // An account is a person's: what they may do to it takes a session.
      if (endpoint.permission === 'account') return;
      const json = (await get(endpoint, '')).json<{ items: unknown[]; total?: number }>();
      const reply = await get(endpoint, '?format=csv');
      expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
      const [header = '', ...rows] = records(reply.body.slice(1));
      expect(header.length).toBeGreaterThan(0);
      expect(rows).toHaveLength(json.total ?? json.items.length);
      expect(rows.flat().filter((field) => /^[=+\-@]/.test(field))).toEqual([]);
      expect((await get(endpoint, '', { accept: 'text/csv' })).body.split('\r\n')[0]).toBe(reply.body.split('\r\n')[0]);
    },
  );

  it.each(['listActivationKeys', 'listRoles', 'listUsers', 'listSavedQueries', 'listReports', 'listExceptions', 'listProfiles'])(
    '%s has what people wrote, guarded',
    async (name) => {
      const [endpoint] = lists.filter((one) => one.name === name);
      if (!endpoint) throw new Error('there is no such list');
      expect((await get(endpoint, '?format=csv')).body).toContain(`'=cmd(""calc"")`);
    },
  );

  it('is in this test, or named as what is none', () => {
    const names = lists.map(({ name }) => name);
    expect(others.filter((name) => !names.includes(name))).toEqual([]);
    for (const { name, query } of lists) {
      const hasFormat = query instanceof z.ZodObject && 'format' in query.shape;
      expect([name, hasFormat]).toEqual([name, !others.includes(name)]);
    }
  });
});

describe('a list of more than a page', () => {
  const numbers = Array.from({ length: 2 * limits.pageSize + 1 }, (_, index) => index);
  const items = z.array(z.object({ number: z.int(), of: z.object({ text: z.string().nullable() }).optional() }));
  const format = z.enum(['json', 'csv']).optional();
  const limit = z.coerce.number();
  const offset = z.coerce.number().default(0);
  const after = z.string().optional();

  it.each([
    ['by offset', z.object({ format, limit, offset }), z.object({ items })],
    ['by cursor', z.object({ format, limit, offset, after }), z.object({ items, next: z.string().nullable() })],
    [
      'by number',
      z.object({ format, limit, after: z.coerce.number().optional() }),
      z.object({ items, next: z.string().nullable() }),
    ],
    ['as a whole', z.object({ format }), z.object({ items })],
  ])('is read to its end %s, wherever the caller stands', async (_, query, reply) => {
    const list = { ...endpoints.listReports, query, reply } as unknown as Endpoint; // only this part of it matters
    const answer = await csvOfItems(list, { limit: '1', offset: '1', after: '9' }, async (asked) => {
      const { limit: most = Infinity, offset: left = 0, after: place = 0 } = asked as Record<string, number | undefined>;
      const from = left + Number(place);
      const found = numbers.slice(from, from + most).map((number) => ({ number, hidden: 'x', of: { text: '=1' } }));
      return { items: found, next: from + most < numbers.length ? `${from + most}` : null };
    });
    const text = (await (await answer.stream()).toArray()).join('');
    expect(records(text.slice(1))).toEqual([['Number', 'Of text'], ...numbers.map((number) => [`${number}`, "'=1"])]);
  });
});

/** Records of RFC 4180. */
function records(text: string): string[][] {
  const found: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    found.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') found.push([]);
  }
  return found.slice(0, -1);
}
