import { agentPaths, type FactRow, type FleetEvent } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { factEvents } from './kinds/fact.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Caller;
let agent: TestAgent;
const begin = Date.parse('2026-11-01T12:00:00Z');
const hour = 3600 * 1000;
const at = (hours: number): string => new Date(begin + hours * hour).toISOString();

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  caller = await testCaller(server);
  turn(0);
  await know('2.0-1');
  turn(1);
  agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname: 'web-01', machineId: 'web-01' });
  const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian', hostname: 'web-01' };
  await send('os', 1, [{ ...os, architecture: 'amd64' }]);
  await send('dpkg', 1, [pkg('openssl', '1.0-1'), pkg('curl', '1.0-1')]);
  await send('user', 1, [user('alice'), user('bob')]);
  turn(2);
  await send('dpkg', 2, [pkg('openssl', '2.0-1'), pkg('bash', '5.2-1')]);
  turn(3);
  await know('3.0-1');
  await send('user', 2, [user('alice', '/bin/zsh'), user('carol')]);
  turn(4);
  await send('dpkg', 3, [pkg('openssl', '3.0-1'), pkg('bash', '5.2-1')]);
  const values = { organizationId: caller.organizationId, at: new Date(at(5)), version: '1.1.0' };
  const detail = JSON.stringify({ reason: 'crash', detail: 'exit 139', origins: [] });
  await database.db
    .insertInto('releaseEvent')
    .values({ ...values, kind: 'upgrade-rolled-back', assetId: agent.assetId, detail })
    .execute();
  await database.db
    .insertInto('releaseEvent')
    .values({ ...values, kind: 'rollout-started', assetId: null, detail: '{}' })
    .execute();
  turn(20);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function turn(hours: number): void {
  server.clock.now = new Date(begin + hours * hour);
}

async function know(fixed: string): Promise<void> {
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const origin = { id: 'DSA-9000-1', feed: 'debian-dsa', published: '2026-10-01', vulnerabilities: ['CVE-2026-1000'] };
  const advisories = [{ ...origin, affected: [{ ...statement, package: 'openssl', fixed }] }];
  await importKnowledge(database.db, { advisories, vulnerabilities: [], origins: [] }, { at: server.clock.now, starter: false });
}

function pkg(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

function user(name: string, shell = '/bin/sh'): FactRow {
  return { name, uid: 1000, gid: 1, home: '/home', shell, password: 'set', groups: [] };
}

async function send(collector: string, sequence: number, rows: readonly FactRow[]): Promise<void> {
  const document = syncDocument({ collector, sequence, rows });
  expect((await agent.post(agentPaths.sync, { documents: [document] })).status).toBe(200);
}

async function get(query: string, by = caller) {
  return server.app.inject({ url: `/api/v1/events${query}`, headers: by.headers });
}

async function list(query = '', by = caller) {
  const reply = await get(query, by);
  expect([query, reply.statusCode, reply.statusCode === 200 ? '' : reply.body]).toEqual([query, 200, '']);
  return reply.json<{ items: FleetEvent[]; total: number; next: string | null; kinds: string[]; from: string; to: string }>();
}

function shown({ items }: { items: readonly FleetEvent[] }): string[] {
  return items.map((event) => `${event.at.slice(11, 13)} ${event.kind} ${event.status}: ${event.text}`);
}

describe('events', () => {
  it('tell what happened, newest first, each in one line', async () => {
    expect(shown(await list())).toEqual([
      '17 upgrade upgrade-rolled-back: Upgrade to 1.1.0: rolled back (crash, exit 139)',
      '17 upgrade rollout-started: Roll-out of 1.1.0: started',
      '16 detection closed: CVE-2026-1000 is gone: the machine changed',
      '16 package upgraded: openssl 2.0-1 became 3.0-1',
      '15 knowledge imported: Version 2 of the knowledge came from the feeds: 1 checks',
      '15 detection reopened: CVE-2026-1000 is found again: what is known changed',
      '15 fact changed: user: carol came; alice changed; bob gone',
      '14 detection closed: CVE-2026-1000 is gone: the machine changed',
      '14 package installed: bash 5.2-1 was installed',
      '14 package removed: curl 1.0-1 was removed',
      '14 package upgraded: openssl 1.0-1 became 2.0-1',
      '13 package reported: dpkg reported 2 packages',
      '13 fact reported: os: 1 reported',
      '13 fact reported: user: 2 reported',
      '13 agent enrolled: The agent enrolled',
      '12 knowledge imported: Version 1 of the knowledge came from the feeds: 1 checks',
    ]);
  });

  it.each([
    ['ascending', { from: at(4) }],
    ['descending', { to: at(1).replace('.000Z', '.001Z') }],
  ])('are not looked for behind the last of a page that is full, %s', async (direction, expected) => {
    const page = vi.spyOn(factEvents, 'page');
    await list(`?limit=1&direction=${direction}`);
    const { from, to } = page.mock.lastCall?.[1] ?? {};
    page.mockRestore();
    expect({ from: from?.toISOString(), to: to?.toISOString() }).toMatchObject(expected);
  });

  it('of an agent that is silent say so until it is heard of again', async () => {
    turn(5 + server.context.config.silence.silent / 3600);
    const { items } = await list('?query=status:silent');
    turn(20);
    expect(items).toMatchObject([{ kind: 'agent', status: 'silent', assetId: agent.assetId, hostname: 'web-01' }]);
    expect((await list('?query=status:silent')).items).toEqual([]);
  });

  it.each([
    ['kind:detection', 3],
    ['cause:knowledge', 1],
    ['package:openssl', 2],
    ['package:openssl status:upgraded previous:1.0-1', 1],
    ['collector:user', 2],
    ['severity:*', 3],
    ['name:CVE-2026-1000 and status:(opened or reopened)', 1],
    ['asset:(hostname:web) and kind:upgrade', 1],
    ['not asset:(hostname:web)', 3],
    ['asset:(hostname:mail)', 0],
    [`at:>=${at(4)}`, 4],
    [`at:>=${at(4)} at:<${at(5)}`, 2],
    ['kind:package and (status:installed or status:removed)', 2],
  ])('%s finds %i, counted before they are listed', async (query, total) => {
    const found = await list(`?query=${encodeURIComponent(query)}`);
    expect([found.items.length, found.total]).toEqual([total, total]);
  });

  it('are the same in pages of any size, whatever happens meanwhile, and have names of their own', async () => {
    const whole = await list();
    expect(new Set(whole.items.map(({ eventId }) => eventId)).size).toBe(whole.total);
    for (const limit of [1, 2, 7]) {
      const items: FleetEvent[] = [];
      for (let next: string | null = ''; next !== null;) {
        const page: Awaited<ReturnType<typeof list>> = await list(`?limit=${limit}${next === '' ? '' : `&after=${next}`}`);
        items.push(...page.items);
        next = page.next;
        turn(20 + items.length);
      }
      turn(20);
      expect(items).toEqual(whole.items);
    }
    expect((await list('?limit=3&offset=2')).items).toEqual(whole.items.slice(2, 5));
  });

  it.each([
    ['severity&limit=1', 'severity', [3]],
    ['severity&direction=descending&limit=1', 'status', ['imported']],
    ['kind&limit=2', 'kind', ['agent', 'detection']],
    ['status&limit=3', 'status', ['changed', 'closed', 'closed']],
    ['hostname&limit=1', 'status', ['upgrade-rolled-back']],
    ['hostname&direction=descending&limit=2', 'hostname', [null, null]],
    ['cause', 'cause', ['inventory', 'inventory', 'knowledge', ...Array.from({ length: 13 }, () => null)]],
    ['collector&limit=1', 'collector', ['dpkg']],
    ['at&direction=descending&limit=1', 'status', ['imported']],
  ])('begin as they should by %s', async (sort, field, values) => {
    const { items } = await list(`?sort=${sort}`);
    expect(items.map((event) => event[field as keyof FleetEvent])).toEqual(values);
  });

  it('of a moment of the past are those that had happened, of the day before it', async () => {
    const then = await list(`?asOf=${at(3)}`);
    expect(then.items[0]?.at).toBe(at(3));
    expect(then.items).toEqual((await list()).items.filter((event) => event.at <= at(3)));
    expect((await list(`?query=asOf:${at(3)}`)).items).toEqual(then.items);
    // Which assets are meant is said by what they had then.
    expect((await list(`?asOf=${at(1)}&query=asset.packages:2 and kind:package`.replaceAll(' ', '%20'))).total).toBe(1);
    // By a clock that is a little ahead of the platform’s.
    const ahead = new Date(begin + 20 * hour + 60_000).toISOString();
    expect((await list(`?asOf=${ahead}`)).to).toBe(new Date(begin + 20 * hour + 1).toISOString());
  });

  it('are charted in stretches that sum up to all', async () => {
    const reply = await get('?buckets=24&limit=1');
    const { chart, total } = reply.json<{
      chart: { stepSeconds: number; kinds: { kind: string; counts: number[] }[] };
      total: number;
    }>();
    expect(chart.stepSeconds).toBeCloseTo(3600);
    expect(chart.kinds.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0)).toBe(total);
    expect(chart.kinds.map(({ counts }) => counts.length)).toEqual(chart.kinds.map(() => 24));
  });

  it('that could not be counted in time are still listed, and the cursor remembers it', async () => {
    const { items } = await list('?limit=2');
    const place = ['events at ascending', begin, begin + 21 * hour, -3, Date.parse(items[1]?.at ?? ''), 5, '9'];
    const reply = await get(`?after=${Buffer.from(JSON.stringify(place)).toString('base64url')}`);
    expect(reply.json()).toMatchObject({ isExact: false, chart: null });
    expect(reply.json<{ items: unknown[] }>().items.length).toBeGreaterThan(3);
  });

  it('come as CSV, all of them', async () => {
    const { body, headers } = await get('?format=csv&limit=1');
    expect(headers['content-disposition']).toBe('attachment; filename="vedette-events.csv"');
    expect(body.trimEnd().split('\r\n')).toHaveLength((await list()).total + 1);
  });

  it.each([
    ['?query=kind:nothing', 'kind is one of'],
    ['?query=hostname:a', 'no field'],
    ['?from=2026-11-03T00:00:00Z', 'before the last'],
    ['?from=2026-01-01T00:00:00Z', 'at most 92 days'],
    ['?query=at:>2026-01-01', 'at most 92 days'],
    ['?after=W10', 'no cursor'],
    ['?sort=text', 'query.sort'],
    [`?sort=severity&after=${Buffer.from('["events severity ascending",1,2,3,1,0,"a","b"]').toString('base64url')}`, 'no cursor'],
    [`?after=${Buffer.from('["events at ascending",1,2,3,1e99,0,"a"]').toString('base64url')}`, 'no cursor'],
    [`?after=${Buffer.from('["events at ascending",1,2,3,1,0,"\\u0000"]').toString('base64url')}`, 'no cursor'],
  ])('%s is refused: %s', async (query, why) => {
    const reply = await get(query);
    expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([400, expect.stringContaining(why)]);
  });
});

describe('who sees events', () => {
  it('sees those of kinds that a role includes, and is told which', async () => {
    const role = await server.app.inject({
      method: 'POST',
      url: '/api/v1/roles',
      headers: caller.headers,
      payload: { name: 'Assets alone', permissions: ['asset:read'] },
    });
    const narrow = await testCaller(server, { organizationId: caller.organizationId, role: role.json<{ role: string }>().role });
    const seen = await list('', narrow);
    expect(seen.kinds).toEqual(['package', 'fact', 'agent']);
    expect(new Set(seen.items.map(({ kind }) => kind))).toEqual(new Set(seen.kinds));
    expect((await list('?query=kind:(detection%20or%20upgrade)', narrow)).total).toBe(0);
  });

  it('does not see those of another organization', async () => {
    const stranger = await testCaller(server);
    expect(new Set((await list('', stranger)).items.map(({ kind }) => kind))).toEqual(new Set(['knowledge']));
  });

  it('does not see those of assets beyond a scope, nor of roll-outs', async () => {
    const scoped = await testCaller(server, { organizationId: caller.organizationId, role: 'reader', scope: 'hostname:mail' });
    expect((await list('', scoped)).items.map(({ kind }) => kind)).toEqual(['knowledge', 'knowledge']);
    const own = await testCaller(server, { organizationId: caller.organizationId, role: 'reader', scope: 'hostname:web' });
    expect((await list('', own)).items).toEqual((await list()).items.filter(({ kind }) => kind !== 'upgrade'));
  });
});

// Last: the window of the index moves on and does not come back.
describe('events of long ago', () => {
  it('of detections before the window are derived for a few assets, and refused for a large fleet', async () => {
    const all = await list();
    turn(40 * 24);
    const range = `from=${at(0)}&to=${at(21)}`;
    expect((await list(`?${range}`)).items).toEqual(all.items.filter(({ status }) => status !== 'silent'));
    await database.db
      .insertInto('asset')
      .values(
        Array.from({ length: 1001 }, (_, index) => ({
          organizationId: caller.organizationId,
          id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
          hostname: `many-${index}`,
          machineId: `many-${index}`,
          lastScan: null,
          firstSeen: server.clock.now,
          lastSeen: server.clock.now,
        })),
      )
      .execute();
    const refused = await get(`?${range}`);
    expect([refused.statusCode, refused.json<{ detail: string }>().detail]).toEqual([
      400,
      expect.stringContaining('not kind:detection'),
    ]);
    expect((await list(`?${range}&query=not%20kind:detection`)).total).toBe(
      all.items.filter(({ kind }) => kind !== 'detection').length,
    );
    expect((await list(`?${range}&query=asset.hostname:web-01%20kind:detection`)).total).toBe(3);
    await database.db.deleteFrom('asset').where('hostname', 'like', 'many-%').execute();
    turn(20);
  });
});
