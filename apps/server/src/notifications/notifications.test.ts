import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotificationChannel, NotificationEvent, NotificationRule } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../db/database.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { type Belief, HistoryWorld, type Versions } from '../testing/history-world.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { readNetworks } from './channels/safe-address.ts';
import { Dispatcher } from './dispatcher.ts';
import type { ToldEvent } from './message.ts';
import { Notifier } from './notifier.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly data: { readonly rule: string; readonly count: number; readonly events: ToldEvent[] };
}

let database: ThrowAwayDatabase;
let server: TestServer;
let world: HistoryWorld;
/** Of this world alone: the one of the server remembers those before. */
let fleetIndex: FleetIndex | undefined;
let caller: Caller;
let stranger: Caller;
let received: Received[] = [];
let status = 200;
const http = createServer((request, reply) => void take(request, reply));

async function take(request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts).toString();
  const { data } = JSON.parse(body) as Pick<Received, 'data'>; // of our own making
  received.push({ headers: request.headers as Record<string, string>, body, data });
  reply.writeHead(status).end();
}

const fixable = (score: number): Belief => ({ bookworm: '3', score });

beforeAll(async () => {
  database = await throwAwayDatabase();
  // What is looked for and sent, the tests do themselves.
  server = await testServer(database, { role: 'api', destinationNetworks: readNetworks(['127.0.0.1']) });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
}, 60_000);
afterAll(async () => {
  http.close();
  await fleetIndex?.[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await database.db.transaction().execute(async (tx) => {
    // The audit log refuses to be emptied otherwise.
    await sql`set local session_replication_role = replica`.execute(tx);
    for (const table of emptied) await sql`delete from ${sql.table(table)}`.execute(tx);
  });
  world = new HistoryWorld(database.db, syncDocument);
  await fleetIndex?.[Symbol.asyncDispose]();
  const { db, log } = server.context;
  fleetIndex = new FleetIndex({ db, log, clock: () => new Date(world.now) });
  world.now = Date.parse('2026-11-01T00:00:00Z') + 1000;
  await world.begin();
  tick();
  [caller, stranger] = [
    await testCaller(server, { organizationId: world.organizationIds[0] }),
    await testCaller(server, { organizationId: world.organizationIds[1] }),
  ];
  received = [];
  status = 200;
});

const emptied = [
  'notification_rule',
  'notification_channel',
  'notification_position',
  'notification_told',
  'release_event',
  'notification_message',
  'audit_event',
  'api_token',
  'app_user',
];

function tick(minutes = 0): void {
  world.now += minutes * 60_000;
  server.clock.now = new Date(world.now);
}

async function api<Reply>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, by = caller): Promise<Reply> {
  const reply = await server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: by.headers,
    ...(body ? { payload: body } : {}),
  });
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
  return reply.json() as Reply;
}

const hook = (): string => `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`;

async function channel(): Promise<{ channelId: string; secret: string }> {
  const settings = { kind: 'webhook', url: hook() };
  const saved = await api<{ channel: NotificationChannel; secret: string }>('POST', '/notification-channels', {
    name: 'hook',
    settings,
  });
  return { channelId: saved.channel.channelId, secret: saved.secret };
}

async function rule(events: NotificationEvent[], more: object = {}): Promise<NotificationRule> {
  const { channelId } = await channel();
  return api('POST', '/notification-rules', { name: 'rule', events, channelIds: [channelId], ...more });
}

async function look(): Promise<void> {
  tick();
  await new Notifier({ ...server.context, ...(fleetIndex ? { fleetIndex } : {}) }).look();
}

async function send(): Promise<ToldEvent[]> {
  await new Dispatcher(server.context).work();
  return received.splice(0).flatMap(({ data }) => data.events);
}

async function told(): Promise<string[]> {
  await look();
  return (await send()).map(({ event, detection }) => `${event} ${detection?.name ?? ''}`.trim()).toSorted();
}

async function packages(asset: number, versions: Versions): Promise<void> {
  await world.apply({ hours: 1, kind: 'packages', asset, versions, way: 'delta', second: versions });
}

async function knowledge(...beliefs: (Belief | null)[]): Promise<void> {
  await world.apply({ hours: 1, kind: 'knowledge', beliefs });
}

const all: NotificationEvent[] = ['detection.new', 'detection.reopened', 'detection.fixed', 'detection.known-exploited'];

describe('a rule about detections', () => {
  it('hears of new, fixed and reopened ones, each once, and of nothing that was before', async () => {
    await knowledge(fixable(5));
    await packages(0, ['1', null, null, null]);
    await rule(all);
    expect(await told()).toEqual([]);
    await packages(1, ['1', null, null, null]);
    expect(await told()).toEqual(['detection.new CVE-2026-1001']);
    expect(await told()).toEqual([]);
    await packages(1, ['3', null, null, null]);
    expect(await told()).toEqual(['detection.fixed CVE-2026-1001']);
    await packages(1, ['2', null, null, null]);
    expect(await told()).toEqual(['detection.reopened CVE-2026-1001']);
  });

  it('hears of what new knowledge says of packages that were there', async () => {
    await packages(0, ['1', null, '1', null]);
    await rule(all);
    await look();
    await knowledge(fixable(5), null, { bookworm: '2', score: 7 });
    expect(await told()).toEqual(['detection.new CVE-2026-1001', 'detection.new CVE-2026-1003']);
  });

  it('hears of packages that were judged only after a look', async () => {
    await knowledge(fixable(5));
    await rule(all);
    await look();
    await world.apply({ hours: 1, kind: 'packages', asset: 0, versions: ['1', null, null, null], way: 'unjudged', second: [] });
    expect(await told()).toEqual([]);
    await world.settle();
    expect(await told()).toEqual(['detection.new CVE-2026-1001']);
  });

  it('hears when what is open becomes known to be exploited', async () => {
    await knowledge(fixable(5));
    await packages(0, ['1', null, null, null]);
    await rule(['detection.known-exploited']);
    await look();
    await knowledge(fixable(9.8));
    await packages(1, ['1', null, null, null]);
    expect(await told()).toEqual(['detection.known-exploited CVE-2026-1001', 'detection.known-exploited CVE-2026-1001']);
    expect(await told()).toEqual([]);
  });

  it('hears of it once, also where the transaction that tells it is not yet committed on every node', async () => {
    const { db } = database;
    // Stands before PostgreSQL's own, for connections that are made from now on.
    await sql`create table public.pg_locks (locktype text, mode text, pid integer, virtualtransaction text, transactionid xid)`.execute(
      db,
    );
    await sql`alter database ${sql.id(database.connection.database)} set search_path = public, pg_catalog`.execute(db);
    const late = openDatabase(database.connection);
    try {
      await knowledge(fixable(5));
      await packages(0, ['1', null, null, null]);
      await rule(['detection.known-exploited']);
      await look();
      await knowledge(fixable(9.8));
      await sql`insert into public.pg_locks values ('transactionid', 'ExclusiveLock', 0, '', pg_current_xact_id()::xid)`.execute(
        db,
      );
      await new Notifier({ ...server.context, db: late.db, ...(fleetIndex ? { fleetIndex } : {}) }).look();
      expect(await send()).toEqual([]);
      expect([...(await told()), ...(await told())]).toEqual(['detection.known-exploited CVE-2026-1001']);
    } finally {
      await late.close();
      await sql`drop table public.pg_locks`.execute(db);
      await sql`alter database ${sql.id(database.connection.database)} reset search_path`.execute(db);
    }
  });

  it.each([
    [{ query: 'severity:>=4' }, ['detection.new CVE-2026-1003']],
    [{ query: 'name:CVE-2026-1001' }, ['detection.new CVE-2026-1001']],
    [{ query: 'fixable:false' }, []],
    [{ assets: 'hostname:nobody' }, []],
    [{ query: 'asset:(hostname:nobody)' }, []],
  ])('hears only of %j', async (scope, expected) => {
    await rule(all, scope);
    await look();
    await packages(0, ['1', null, '1', null]);
    await knowledge({ bookworm: '3', score: 5 }, null, { bookworm: '2', score: 8 });
    expect(await told()).toEqual(expected);
  });

  it('of another organization hears nothing', async () => {
    await knowledge(fixable(5));
    await rule(all);
    await look();
    await packages(2, ['1', null, null, null]);
    expect(await told()).toEqual([]);
  });

  it('hears of what was told in another cluster no more: a restored platform begins anew', async () => {
    await knowledge(fixable(5));
    await rule(all);
    await look();
    await packages(0, ['1', null, null, null]);
    await sql`update notification_position set mark = '3'::xid8`.execute(database.db);
    expect(await told()).toEqual([]);
    await packages(1, ['1', null, null, null]);
    expect(await told()).toEqual(['detection.new CVE-2026-1001']);
  });
});

describe('what else is told', () => {
  it('an agent that fell silent, once, and again when it was heard of in between', async () => {
    await rule(['agent.silent']);
    await look();
    tick(25 * 60);
    expect(await told()).toHaveLength(2);
    tick(5);
    expect(await told()).toEqual([]);
    await sql`update asset set last_seen = ${server.clock.now} where id = ${world.assets[0]?.assetId ?? ''}`.execute(database.db);
    tick(25 * 60);
    expect(await told()).toHaveLength(1);
  });

  it('a roll-out that was halted, with the reason', async () => {
    await rule(['rollout.halted']);
    await look();
    tick(1);
    const event = { organizationId: caller.organizationId, at: server.clock.now, version: '2.0.0', assetId: null };
    for (const kind of ['rollout-pause', 'rollout-promote']) {
      await database.db
        .insertInto('releaseEvent')
        .values({ ...event, kind, detail: '{"reason":"3 of 10 failed"}' })
        .execute();
    }
    await look();
    expect(await send()).toMatchObject([{ event: 'rollout.halted', text: 'The roll-out of 2.0.0 was halted: 3 of 10 failed' }]);
  });

  it('a feed that fails, once until it succeeds', async () => {
    await rule(['feed.failing']);
    await look();
    const feed = {
      feed: 'f',
      location: 'l',
      records: 0,
      sha256: '',
      retrievedAt: null,
      refusedRecords: null,
      acceptedRecords: null,
    };
    const state = {
      ...feed,
      completeAt: null,
      changesUntil: null,
      cves: null,
      problem: 'it answered 500',
      checkedAt: null,
      triedAt: server.clock.now,
    };
    await database.db.insertInto('feedState').values(state).execute();
    expect(await told()).toEqual(['feed.failing']);
    expect(await told()).toEqual([]);
    await database.db.deleteFrom('feedState').execute();
  });
});

describe('delivery', () => {
  async function oneWaits(): Promise<{ channelId: string; secret: string }> {
    const made = await channel();
    await api('POST', '/notification-rules', { name: 'rule', events: all, channelIds: [made.channelId] });
    await look();
    await packages(0, ['1', null, null, null]);
    await knowledge(fixable(5));
    await look();
    return made;
  }

  const log = () => api<{ items: { state: string; attempts: number; problem: string | null }[] }>('GET', '/notifications');

  it('is signed with the secret that was given out once', async () => {
    const { secret } = await oneWaits();
    await new Dispatcher(server.context).work();
    const [{ headers, body }] = received as [Received];
    const resigned = new Webhook(secret).sign(
      headers['webhook-id'] ?? '',
      new Date(Number(headers['webhook-timestamp']) * 1000),
      body,
    );
    expect(headers['webhook-signature']).toBe(resigned);
    expect(Number(headers['webhook-timestamp']) * 1000).toBe(Math.floor(world.now / 1000) * 1000);
  });

  it('that fails is tried again later with the same id, until it succeeds', async () => {
    const { channelId } = await oneWaits();
    status = 500;
    await new Dispatcher(server.context).work();
    await new Dispatcher(server.context).work();
    expect(received).toHaveLength(1);
    expect((await log()).items).toMatchObject([{ state: 'waiting', attempts: 1, problem: 'The other side answered 500' }]);
    const list = await api<{ items: NotificationChannel[] }>('GET', '/notification-channels');
    expect(list.items.find((one) => one.channelId === channelId)).toMatchObject({
      problem: 'The other side answered 500',
      waiting: 1,
    });
    status = 200;
    tick(1);
    await new Dispatcher(server.context).work();
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await log()).items).toMatchObject([{ state: 'delivered', attempts: 2, problem: null }]);
  });

  it('is given up after days, and said so', async () => {
    await oneWaits();
    status = 500;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await new Dispatcher(server.context).work();
      tick(25 * 60);
    }
    expect((await log()).items).toMatchObject([{ state: 'given-up', attempts: 10 }]);
  });

  it('to a receiver that wants no more ends, and its channel with it', async () => {
    const { channelId } = await oneWaits();
    status = 410;
    await new Dispatcher(server.context).work();
    const list = await api<{ items: NotificationChannel[] }>('GET', '/notification-channels');
    expect(list.items.find((one) => one.channelId === channelId)).toMatchObject({ enabled: false });
    expect((await log()).items).toMatchObject([{ state: 'given-up' }]);
  });

  it('of a process that was killed over it is done by the next, with the same id', async () => {
    await oneWaits();
    await sql`update notification_message set attempts = 1, claimed_until = ${new Date(world.now + 300_000)}`.execute(
      database.db,
    );
    expect(await send()).toEqual([]);
    tick(6);
    expect(await send()).toHaveLength(1);
  });

  it('of a look that was killed before its end is made by the next look', async () => {
    await knowledge(fixable(5));
    await rule(all);
    await look();
    await packages(0, ['1', null, null, null]);
    // The last statement of a look fails: as far as the database knows, its process died.
    await sql`create function fail() returns trigger language plpgsql as 'begin raise exception ''killed''; end'`.execute(
      database.db,
    );
    await sql`create trigger fail before update on notification_position for each row execute function fail()`.execute(
      database.db,
    );
    await expect(look()).rejects.toThrow('killed');
    await sql`drop function fail cascade`.execute(database.db);
    expect(await send()).toEqual([]);
    expect(await told()).toEqual(['detection.new CVE-2026-1001']);
  });

  it('of a flood is many events in few requests, and one message for people', async () => {
    const { channelId } = await channel();
    const settings = { kind: 'slack' };
    const slack = await api<{ channel: NotificationChannel }>('POST', '/notification-channels', {
      name: 's',
      settings,
      secret: 'https://s.example/x',
    });
    await api('POST', '/notification-rules', {
      name: 'r',
      events: all,
      channelIds: [channelId, slack.channel.channelId],
      digestMinutes: 10,
    });
    await look();
    for (const score of [5, 7]) {
      await packages(0, ['1', '1', '1', null]);
      await knowledge(fixable(score), fixable(score), fixable(score));
      await look();
      await packages(0, ['3', '3', '3', null]);
      await look();
    }
    const { rows } = await sql<{ kind: string; messages: number; events: number }>`
      select settings ->> 'kind' as kind, count(*)::integer as messages, sum(events)::integer as events
      from notification_message join notification_channel as channel on channel.id = channel_id group by 1 order by 1`.execute(
      database.db,
    );
    expect(rows[0]).toMatchObject({ kind: 'slack', messages: expect.any(Number) as number });
    expect(rows[0]?.events).toBe(rows[1]?.events);
    expect(rows[1]?.messages).toBeGreaterThan(1);
  });
});

describe('channels', () => {
  it('never give back a secret', async () => {
    const { secret } = await channel();
    for (const path of ['/notification-channels', '/notifications', '/notification-rules']) {
      expect(JSON.stringify(await api('GET', path))).not.toContain(secret);
    }
  });

  it('forget the secret when they are pointed elsewhere: it would be sent there', async () => {
    const settings = { kind: 'email', host: 'mail.example', user: 'u', from: 'a@example.org', to: ['b@example.org'] };
    const made = await api<{ channel: NotificationChannel }>('POST', '/notification-channels', {
      name: 'm',
      settings,
      secret: 'password',
    });
    const { channelId } = made.channel;
    const moved = { channelId, name: 'm', settings: { ...settings, host: 'evil.example' } };
    await expect(api('POST', '/notification-channels', moved)).rejects.toThrow('password');
    await api('POST', '/notification-channels', { channelId, name: 'renamed', settings: { ...settings, to: ['c@example.org'] } });
  });

  it.each([
    [{ kind: 'webhook', url: 'ftp://x.example/' }, undefined],
    [{ kind: 'webhook', url: 'https://x.example/' }, 'whsec_short'],
    [{ kind: 'slack' }, undefined],
    [{ kind: 'slack' }, 'http://s.example/x'],
    [{ kind: 'email', host: 'm', user: 'u', security: 'none', from: 'a@example.org', to: ['b@example.org'] }, 'password'],
    [{ kind: 'email', host: 'm', from: 'a@example.org', to: ['b@example.org\r\nBcc: c@example.org'] }, undefined],
    [{ kind: 'syslog', host: 'a b' }, undefined],
    [{ kind: 'syslog', host: 'a', ca: '-----BEGIN CERTIFICATE-----\nnonsense' }, undefined],
    [{ kind: 'email', host: 'm', from: 'a@example.org', to: ['b@example.org'], ca: 'nonsense' }, undefined],
  ])('cannot be %j with the secret %s', async (settings, secret) => {
    await expect(api('POST', '/notification-channels', { name: 'x', settings, secret })).rejects.toThrow(/^400/);
  });

  it('of another organization cannot be seen, changed, tested, used or deleted', async () => {
    const { channelId } = await channel();
    expect(await api('GET', '/notification-channels', undefined, stranger)).toEqual({ items: [] });
    const change = { channelId, name: 'x', settings: { kind: 'slack' }, secret: 'https://s.example/' };
    await expect(api('POST', '/notification-channels', change, stranger)).rejects.toThrow(/^404/);
    await expect(api('POST', `/notification-channels/${channelId}/test`, undefined, stranger)).rejects.toThrow(/^404/);
    await expect(api('DELETE', `/notification-channels/${channelId}`, undefined, stranger)).rejects.toThrow(/^404/);
    const wish = { name: 'r', events: all, channelIds: [channelId] };
    await expect(api('POST', '/notification-rules', wish, stranger)).rejects.toThrow(/^400/);
  });

  it('that are used cannot be deleted', async () => {
    const { channelIds, ruleId } = await rule(all);
    await expect(api('DELETE', `/notification-channels/${channelIds[0]}`)).rejects.toThrow(/^409.*rule rule/);
    await api('DELETE', `/notification-rules/${ruleId}`);
    expect(await api('DELETE', `/notification-channels/${channelIds[0]}`)).toEqual({ deleted: true });
  });

  it('say how a test went', async () => {
    const { channelId } = await channel();
    expect(await api('POST', `/notification-channels/${channelId}/test`)).toEqual({ delivered: true, problem: null });
    status = 500;
    expect(await api('POST', `/notification-channels/${channelId}/test`)).toEqual({
      delivered: false,
      problem: 'The other side answered 500',
    });
  });
});
