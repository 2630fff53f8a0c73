import { randomUUID } from 'node:crypto';
import {
  AgentUpgradeSorting,
  ApiTokenSorting,
  AuditSorting,
  DeliverySorting,
  ExceptionSorting,
  ReportSorting,
  RolloutSorting,
  UserSorting,
} from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from './audit/append-audit.ts';
import { judgeUnjudged } from './knowledge/judge-unjudged.ts';
import { type PeopleWorld, peopleWorld } from './testing/people-world.ts';

type Item = Record<string, unknown>;
interface Page {
  readonly total: number;
  readonly items: Item[];
  readonly next: string | number | null;
}

let world: PeopleWorld;
const dayMs = 24 * 3600 * 1000;
/** Longer than what a cursor holds of a text, and with what needs room in one. */
const long = `Ω"\\${'x'.repeat(110)}`;

beforeAll(async () => {
  world = await peopleWorld({ database: await throwAwayDatabase(), syncDocument }, ['web1']);
  const { server, manager } = world;
  await world.addAsset('web1');
  await judgeUnjudged(world.database.db);
  const exception = { query: 'severity:>=1', status: 'under_investigation', reason: 'b' };
  const reasons = ['b', 'A', 'c', long, `${long} too`];
  for (const [at, reason] of reasons.entries()) {
    server.clock.now = new Date(server.clock.now.getTime() + 1000);
    await post('/exceptions', {
      ...exception,
      reason,
      ...(at === 1 ? {} : { expiresInDays: 1 + at }),
      comment: at > 2 ? 'why' : '',
    });
  }
  await post('/exceptions', { query: 'package:libweb1', status: 'fixed', reason: 'covers', assets: 'hostname:web1' });
  await post('/exception-rules', { secondPerson: true, maxDays: null });
  server.clock.now = new Date(server.clock.now.getTime() + 1000);
  await post('/exceptions', { ...exception, reason: 'asked for' });
  for (const [name, kind, format] of [
    ['b', 'summary', 'csv'],
    ['A', 'fixes', 'json'],
    [long.slice(0, 120), 'summary', 'pdf'],
  ] as const)
    await post('/reports', { name, kind, format, asOf: new Date(server.clock.now.getTime() - dayMs).toISOString() });
  await post('/reports', { kind: 'detections', format: 'html', assets: 'hostname:web1', detections: 'severity:>=3' });
  for (const login of ['zoe', 'Anna', 'bob']) await post('/users', { login, name: login === 'bob' ? '' : login, role: 'reader' });
  const { userId } = await post('/users', { login: 'gone', role: 'scanner', scope: 'hostname:web1' });
  await post(`/users/${String(userId)}`, { disabled: true });
  await post('/api-tokens', { name: 'b', expiresInDays: 2 });
  await post('/api-tokens', { name: 'A', permissions: ['asset:read'] });
  await post('/api-tokens', { name: 'c', expiresInDays: 1 });
  // What is no event, and one that says what no text of the database may hold.
  const { organizationId } = manager;
  const actor = { userId: null, login: '\0{"login":"zz"}', via: 'x', address: '', userAgent: '' };
  const odd = {
    organizationId,
    action: 'a"login":"b',
    outcome: 'failed',
    actor,
    target: {},
    detail: { target: { x: '}' } },
  } as const;
  await appendAudit(world.database.db, odd, server.clock.now);
  await sql`insert into audit_event (organization_id, number, at, action, outcome, hash, body)
    values (${organizationId}, 1000, ${server.clock.now}, 'by hand', 'done', '\\x00', 'no JSON'), (${organizationId}, 0, ${server.clock.now}, 'before all', 'done', '\\x00', '')`.execute(
    world.database.db,
  );
  await deliver();
  await upgrade();
  await rollOut();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** A log of deliveries by two channels. */
async function deliver(): Promise<void> {
  const { database, manager, server } = world;
  const { organizationId } = manager;
  const now = server.clock.now.getTime();
  const channels = ['pager', 'Mail'].map((name) => ({ name, id: randomUUID() }));
  const made = { organizationId, settings: '{}', secret: null, enabled: true, createdAt: server.clock.now, createdBy: '' };
  await database.db
    .insertInto('notificationChannel')
    .values(channels.map((one) => ({ ...made, ...one })))
    .execute();
  const messages = [
    { subject: 'b', state: 'delivered', attempts: 1, events: 7, dueAt: 1 },
    { subject: 'A', state: 'waiting', attempts: 3, events: 2, dueAt: 9 },
    { subject: long, state: 'given-up', attempts: 40, events: 1, dueAt: 3 },
    { subject: `${long} too`, state: 'waiting', attempts: 0, events: 2, dueAt: 4 },
  ] as const;
  const rows = messages.map(({ dueAt, ...message }, at) => ({
    ...message,
    organizationId,
    id: randomUUID(),
    channelId: channels[at % 2]!.id,
    body: '{}',
    createdAt: new Date(now - Math.floor(at / 2) * dayMs),
    dueAt: new Date(now + dueAt * dayMs),
  }));
  await database.db.insertInto('notificationMessage').values(rows).execute();
}

/** What agents report of their upgrades. */
async function upgrade(): Promise<void> {
  const { database, manager, server } = world;
  const { organizationId } = manager;
  const upgrades = [
    { hostname: 'u1', version: '1.10.0', state: 'committed', target: null, desired: null, reason: null, held: null },
    { hostname: 'u2', version: '1.9.0', state: 'failed', target: '1.10.0', desired: '1.10.0', reason: 'budget', held: null },
    { hostname: 'u3', version: '1.10.0-rc.1', state: 'waiting', target: null, desired: '2.0.0', reason: null, held: 'paused' },
    { hostname: 'u4', version: '1.9.0', state: 'rolled-back', target: '1.10.0', desired: null, reason: 'crash', held: null },
  ] as const;
  for (const [at, { hostname, ...upgraded }] of upgrades.entries()) {
    const assetId = randomUUID();
    const now = new Date(server.clock.now.getTime() - (at % 2) * dayMs);
    const platform = 'linux-x64';
    const report = { platform, agent: upgraded.version, runtime: '26.1.0', state: upgraded.state, since: now.toISOString() };
    const asset = { organizationId, id: assetId, hostname, machineId: hostname, firstSeen: now, lastSeen: now };
    await database.db.insertInto('asset').values(asset).execute();
    await database.db
      .insertInto('agentUpgrade')
      .values({
        ...upgraded,
        organizationId,
        assetId,
        platform,
        previous: null,
        runtime: '26.1.0',
        since: now,
        report: JSON.stringify(report),
        desiredAt: null,
        reportedAt: now,
      })
      .execute();
  }
}

async function rollOut(): Promise<void> {
  const { database, manager, server } = world;
  const { organizationId, userId: startedBy } = manager;
  const rollouts = [
    { version: '1.9.0', state: 'complete', ring: 0, reason: '' },
    { version: '1.10.0-rc.1', state: 'superseded', ring: 1, reason: long },
    { version: '1.10.0', state: 'rolled-back', ring: 1, reason: `${long} too` },
    { version: '1.10.0', state: 'running', ring: 0, reason: 'by hand' },
  ] as const;
  for (const [at, one] of rollouts.entries()) {
    const startedAt = new Date(server.clock.now.getTime() - (at % 2) * dayMs - at);
    const times = { startedAt, ringSince: startedAt, changedAt: new Date(startedAt.getTime() - at * dayMs) };
    const rings = ['canary', 'all'].map((name) => ({ name, tags: [], percent: 100 }));
    const row = { ...one, ...times, organizationId, id: randomUUID(), subject: 'agent', previous: null, startedBy } as const;
    await database.db
      .insertInto('rollout')
      .values({ ...row, rings: JSON.stringify(rings), gate: '{}' })
      .execute();
  }
}

async function post(path: string, payload: object): Promise<Item> {
  const { headers } = world.manager;
  const reply = await world.server.app.inject({ method: 'POST', url: `/api/v1${path}`, headers, payload });
  expect([path, reply.statusCode, reply.statusCode === 200 ? '' : reply.body]).toEqual([path, 200, '']);
  return reply.json();
}

async function get(path: string): Promise<Page> {
  const reply = await world.server.app.inject({ url: `/api/v1${path}`, headers: world.manager.headers });
  expect([path, reply.statusCode, reply.statusCode === 200 ? '' : reply.body]).toEqual([path, 200, '']);
  return reply.json();
}

async function follow(path: string): Promise<Item[]> {
  const all: Item[] = [];
  for (let after = ''; ;) {
    const page = await get(`${path}${after}`);
    all.push(...page.items);
    if (page.next === null) return all;
    after = `&after=${page.next}`;
  }
}

const sortings = {
  '/audit': AuditSorting,
  '/exceptions': ExceptionSorting,
  '/reports': ReportSorting,
  '/users': UserSorting,
  '/api-tokens': ApiTokenSorting,
  '/notifications': DeliverySorting,
  '/releases/agents': AgentUpgradeSorting,
  '/rollouts': RolloutSorting,
};
const orders = Object.entries(sortings).flatMap(([path, { options }]) => options.map((sort) => `${path}?sort=${sort}`));

describe('a list in the order of a column', () => {
  it.each(orders)('%s is the same whole in pages of any size, the other way round, and as CSV', async (path) => {
    const whole = await get(`${path}&limit=500`);
    expect([whole.next, whole.items.length]).toEqual([null, whole.total]);
    expect(whole.total).toBeGreaterThan(2);
    for (const limit of [1, 3]) expect(await follow(`${path}&limit=${limit}`)).toEqual(whole.items);
    expect((await get(`${path}&limit=500&direction=descending`)).items).toEqual(whole.items.toReversed());
    expect(await follow(`${path}&limit=2&direction=descending`)).toEqual(whole.items.toReversed());
    const csv = await world.server.app.inject({ url: `/api/v1${path}&format=csv&limit=1`, headers: world.manager.headers });
    expect(csv.body.trimEnd().split('\r\n')).toHaveLength(whole.total + 1);
  });

  it.each([
    ['/users?sort=name', 'name', ['Anna', 'zoe', '', '', '']],
    ['/users?sort=state&direction=descending&limit=1', 'login', ['gone']],
    ['/users?sort=role', 'roleName', ['Manager', 'Reader', 'Reader', 'Reader', 'Scanner']],
    ['/users?sort=scope&limit=1', 'scope', ['hostname:web1']],
    ['/users', 'login', expect.arrayContaining(['Anna', 'bob', 'gone', 'zoe'])],
    ['/api-tokens?sort=name', 'name', ['A', 'b', 'c', 'test']],
    ['/api-tokens?sort=expiresAt&limit=2', 'name', ['c', 'b']],
    ['/api-tokens?sort=permissions&limit=1', 'name', ['A']],
    ['/reports?sort=name&limit=2', 'name', ['A', 'b']],
    ['/reports?sort=kind', 'kind', ['detections', 'fixes', 'summary', 'summary']],
    ['/reports?sort=scope&limit=1', 'assets', ['hostname:web1']],
    ['/reports?sort=asOf&limit=1', 'kind', ['detections']],
    ['/exceptions?sort=reason&limit=3', 'reason', ['A', 'asked for', 'b']],
    ['/exceptions?sort=covered&limit=1', 'reason', ['covers']],
    ['/exceptions?sort=expiresAt&limit=2', 'reason', ['b', 'c']],
    ['/exceptions?sort=state&limit=1', 'reason', ['asked for']],
    ['/exceptions?sort=requestedAt&limit=1', 'reason', ['asked for']],
    ['/exceptions?sort=decidedBy&direction=descending&limit=1', 'reason', ['asked for']],
    ['/audit?limit=1', 'number', [1000]],
    ['/audit?sort=action&limit=1', 'action', ['a"login":"b']],
    ['/audit?sort=outcome&direction=descending&limit=1', 'outcome', ['failed']],
    ['/audit?sort=target&limit=1', 'action', ['changeUser']],
    ['/notifications?sort=subject&limit=2', 'subject', ['A', 'b']],
    ['/notifications?sort=channel', 'channel', ['Mail', 'Mail', 'pager', 'pager']],
    ['/notifications?sort=attempts', 'attempts', [40, 3, 1, 0]],
    ['/notifications?sort=events&limit=1', 'events', [7]],
    ['/notifications?sort=state', 'state', ['waiting', 'waiting', 'given-up', 'delivered']],
    ['/notifications?sort=dueAt&limit=2', 'attempts', [0, 3]],
    ['/notifications?sort=subject&state=waiting', 'attempts', [3, 0]],
    ['/releases/agents', 'hostname', ['u4', 'u2', 'u3', 'u1']],
    ['/releases/agents?sort=hostname', 'hostname', ['u1', 'u2', 'u3', 'u4']],
    ['/releases/agents?sort=version', 'hostname', ['u2', 'u4', 'u3', 'u1']],
    ['/releases/agents?sort=target', 'hostname', ['u1', 'u2', 'u4', 'u3']],
    ['/releases/agents?sort=state', 'hostname', ['u1', 'u2', 'u4', 'u3']],
    ['/releases/agents?sort=reason', 'hostname', ['u2', 'u4', 'u3', 'u1']],
    ['/releases/agents?sort=since&limit=2', 'hostname', ['u1', 'u3']],
    ['/releases/agents?state=failed', 'hostname', ['u2']],
    ['/rollouts?limit=2', 'state', ['complete', 'rolled-back']],
    ['/rollouts?sort=version', 'version', ['1.9.0', '1.10.0-rc.1', '1.10.0', '1.10.0']],
    ['/rollouts?sort=ring', 'ring', [1, 1, 0, 0]],
    ['/rollouts?sort=reason&limit=1', 'reason', ['by hand']],
    ['/rollouts?sort=changedAt&limit=1', 'state', ['complete']],
  ])('%s begins as it should by %s', async (path, field, values) => {
    expect((await get(path)).items.map((item) => item[field])).toEqual(values);
  });

  it.each([
    ['/audit?after=x', 'no cursor'],
    ['/audit?sort=at&after=3', 'no cursor'],
    ['/audit?search=%00', 'character 0'],
    ['/users?sort=password', 'query.sort'],
    ['/reports?sort=scopes', 'query.sort'],
  ])('%s is refused', async (path, why) => {
    const reply = await world.server.app.inject({ url: `/api/v1${path}`, headers: world.manager.headers });
    expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([400, expect.stringContaining(why)]);
  });

  it('takes no cursor of another order, and no one of another list in its place', async () => {
    const { next } = await get('/users?sort=login&limit=1');
    for (const path of ['/users?sort=name', '/users?sort=login&direction=descending', '/reports?sort=name'])
      expect(
        (await world.server.app.inject({ url: `/api/v1${path}&after=${next}`, headers: world.manager.headers })).statusCode,
      ).toBe(400);
  });
});
