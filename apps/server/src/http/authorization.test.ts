import { randomUUID } from 'node:crypto';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { builtInRoles, type Endpoint, endpoints, isStanding, permissionMeanings } from '@vedette/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Canary, type PeopleWorld, peopleWorld, type TestCaller } from '../testing/people-world.ts';
import { testCaller } from '../testing/test-server.ts';

/** Every operation there is: a new one is in all of these tests without anybody thinking of it. */
const all = Object.values(endpoints) as Endpoint[]; // widened: only the common shape is needed
const guarded = all.filter(({ permission }) => permission !== 'public');
const roles = Object.keys(builtInRoles) as (keyof typeof builtInRoles)[];
/** Bodies that fit, of operations on things that somebody owns: authorization comes before, existence after them. */
const bodies: Readonly<Record<string, object>> = {
  changeUser: { name: 'x' },
  changeRole: { name: 'x', permissions: ['asset:read'] },
  changeRollout: { action: 'pause' },
  setAssetRelease: { pin: null, tags: [] },
  saveTag: {},
  tagAsset: { add: ['own'] },
  decideException: { decision: 'approved' },
  changeProfile: { name: 'x' },
};
/** What everybody has in common. */
const shared: Readonly<Record<string, string>> = {
  check: '280001000',
  number: '280001000',
  collector: 'dpkg',
  feed: 'debian-dsa',
};

let world: PeopleWorld;
let stranger: TestCaller;
let web: Canary;
let db: Canary;
const callers = new Map<string, TestCaller>();
/** Things of our organization, by the name that addresses give them. */
let ours: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await peopleWorld({ database: await throwAwayDatabase(), syncDocument }, ['web1', 'db1']);
  [web, db] = [await world.addAsset('web1'), await world.addAsset('db1')];
  stranger = await testCaller(world.server);
  const { organizationId } = world.manager;
  for (const role of roles) {
    const scope = role === 'unit-manager' ? 'hostname:*' : null;
    callers.set(role, await testCaller(world.server, { organizationId, role, scope }));
  }
  callers.set('a role that is gone', await testCaller(world.server, { organizationId, role: randomUUID() }));
  const key = await change('/activation-keys', { name: 'key' });
  const token = await change('/api-tokens', { name: 'token' });
  const role = await change('/roles', { name: 'Own', permissions: ['asset:read'] });
  await change('/tags/own-tag', {});
  const saved = await change('/queries', { name: 'own', about: 'asset', query: 'os:debian' });
  const order = await change(`/assets/${db.assetId}/scans`);
  const report = await change('/reports', { kind: 'summary', format: 'csv' });
  const schedule = await change('/report-schedules', { kind: 'summary', format: 'csv', cron: '0 7 * * 1' });
  const channel = await insertChannel();
  const rule = await change('/notification-rules', { name: 'own', events: ['agent.silent'], channelIds: [channel] });
  const profile = await change('/profiles', { name: 'own' });
  const exception = await change('/exceptions', {
    query: 'severity:>=1',
    status: 'not_affected',
    justification: 'component_not_present',
    reason: 'own',
  });
  ours = {
    assetId: db.assetId,
    orderId: order['orderId'] ?? '',
    activationKeyId: key['activationKeyId'] ?? '',
    apiTokenId: token['apiTokenId'] ?? '',
    roleId: role['role'] ?? '',
    userId: callers.get('reader')?.userId ?? '',
    name: 'own-tag',
    savedQueryId: saved['savedQueryId'] ?? '',
    sessionId: await insertSession(),
    secondFactorId: await insertFactor(),
    rolloutId: await insertRollout(),
    reportId: report['reportId'] ?? '',
    scheduleId: schedule['scheduleId'] ?? '',
    channelId: channel,
    ruleId: rule['ruleId'] ?? '',
    exceptionId: exception['exceptionId'] ?? '',
    profileId: profile['profileId'] ?? '',
  };
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

async function change(path: string, payload?: object): Promise<Record<string, string>> {
  const { headers } = world.manager;
  const reply = await world.server.app.inject({
    method: 'POST',
    url: `/api/v1${path}`,
    headers,
    ...(payload ? { payload } : {}),
  });
  if (reply.statusCode !== 200) throw new Error(reply.body);
  return reply.json();
}

async function insertSession(): Promise<string> {
  const { organizationId, userId } = world.manager;
  const [id, at] = [randomUUID(), world.server.clock.now];
  const session = {
    id,
    tokenHash: Buffer.from(id),
    userId,
    organizationId,
    createdAt: at,
    expiresAt: new Date(at.getTime() + 1e6),
  };
  await world.database.db.insertInto('session').values(session).execute();
  return id;
}

async function insertFactor(): Promise<string> {
  const { organizationId, userId } = world.manager;
  const id = randomUUID();
  const factor = {
    id,
    organizationId,
    userId,
    kind: 'totp' as const,
    name: 'own',
    key: Buffer.alloc(20),
    createdAt: world.server.clock.now,
  };
  await world.database.db.insertInto('secondFactor').values(factor).execute();
  return id;
}

async function insertChannel(): Promise<string> {
  const { organizationId, userId } = world.manager;
  const [id, createdAt] = [randomUUID(), world.server.clock.now];
  const settings = JSON.stringify({ kind: 'syslog', host: '127.0.0.1', port: 1, transport: 'tcp' });
  const channel = { organizationId, id, name: 'own', settings, secret: null, enabled: true, createdAt, createdBy: userId };
  await world.database.db.insertInto('notificationChannel').values(channel).execute();
  return id;
}

async function insertRollout(): Promise<string> {
  const { organizationId, userId } = world.manager;
  const [id, at] = [randomUUID(), world.server.clock.now];
  const times = { ringSince: at, startedAt: at, changedAt: at };
  const rollout = {
    organizationId,
    id,
    subject: 'agent' as const,
    version: '1.0.0',
    previous: null,
    startedBy: userId,
    ...times,
  };
  const json = { rings: JSON.stringify([{ name: 'all', tags: [], percent: 100 }]), gate: '{}' };
  await world.database.db
    .insertInto('rollout')
    .values({ ...rollout, ...json, state: 'paused', ring: 0 })
    .execute();
  return id;
}

/** The address with these things in it. An operation on something that this test does not know of fails: give it one of ours. */
function addressOf({ path, query, name }: Endpoint, things: Readonly<Record<string, string>>): string {
  const filled = path.replace(/:(\w+)/g, (_, param: string) => {
    const value = shared[param] ?? things[param];
    if (value === undefined) throw new Error(`${name}: nothing is known that is called ${param}; see "ours"`);
    return value;
  });
  const named = query instanceof z.ZodObject && 'assetId' in query.shape && things['assetId'] !== undefined;
  return `/api/v1${filled}${named ? `?assetId=${things['assetId']}` : ''}`;
}

async function ask(endpoint: Endpoint, headers: Record<string, string>, things: Readonly<Record<string, string>>) {
  const payload = bodies[endpoint.name];
  const { method } = endpoint;
  return world.server.app.inject({ method, url: addressOf(endpoint, things), headers, ...(payload ? { payload } : {}) });
}

/** Nothing of anybody: what is allowed must not do anything. */
function nobodys(): Record<string, string> {
  return Object.fromEntries(Object.keys(ours).map((name) => [name, randomUUID()]));
}

describe('every operation and every role', () => {
  it.each(guarded.map((endpoint) => [endpoint.name, endpoint] as const))(
    '%s refuses whoever is not logged in',
    async (_, endpoint) => {
      const attempts: Record<string, string>[] = [
        {},
        { authorization: 'Bearer vdt_wrong' },
        { authorization: 'Basic YTpi' },
        { cookie: 'vedette-session=x' },
      ];
      for (const headers of attempts) {
        const reply = await ask(endpoint, { 'sec-fetch-site': 'same-origin', ...headers }, nobodys());
        expect([reply.statusCode, reply.json()]).toMatchObject([401, { code: 'UNAUTHENTICATED' }]);
      }
    },
  );

  it.each(guarded.map((endpoint) => [endpoint.name, endpoint] as const))(
    '%s is for those whose role includes it',
    async (_, endpoint) => {
      const { permission } = endpoint;
      for (const role of roles) {
        const held: readonly string[] = builtInRoles[role].permissions;
        // An API token is nobody who may change an account.
        const allowed = isStanding(permission) ? permission !== 'account' : held.includes(permission);
        const reply = await ask(endpoint, callers.get(role)?.headers ?? {}, nobodys());
        expect([role, reply.statusCode === 403, reply.statusCode === 401]).toEqual([role, !allowed, false]);
      }
      const gone = await ask(endpoint, callers.get('a role that is gone')?.headers ?? {}, nobodys());
      expect(gone.statusCode).toBe(401);
    },
  );

  it('is in the table of permissions, or needs none of a role', () => {
    for (const { permission } of all) expect(isStanding(permission) || permission in permissionMeanings).toBe(true);
  });
});

describe('another organization', () => {
  // Says what a name means, also where it means nothing yet.
  const making = new Set(['saveTag']);
  const named = guarded.filter(
    ({ path, permission, name }) =>
      !making.has(name) && [...path.matchAll(/:(\w+)/g)].some(([, param = '']) => !(param in shared)) && permission !== 'account',
  );
  it.each(named.map((endpoint) => [endpoint.name, endpoint] as const))('%s finds nothing of ours', async (_, endpoint) => {
    const reply = await ask(endpoint, stranger.headers, ours);
    expect([reply.statusCode, reply.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });

  const readings = guarded.filter(({ method, permission }) => method === 'GET' && permission !== 'account');
  it.each(readings.map((endpoint) => [endpoint.name, endpoint] as const))('%s says nothing of ours', async (_, endpoint) => {
    const { body } = await ask(endpoint, stranger.headers, ours);
    const secrets = [...web.texts, ...db.texts, ...Object.values(ours).filter((id) => id !== ''), world.manager.userId];
    // The problem "There is no asset …" repeats what was asked for.
    const told = body.includes('"NOT_FOUND"') ? '' : body;
    expect(secrets.filter((text) => told.includes(text))).toEqual([]);
  });

  it('does not end or change sessions, tokens or accounts of ours', async () => {
    const { db: database } = world.database;
    const counts = () =>
      Promise.all(
        (['session', 'apiToken', 'appUser', 'role', 'agent', 'secondFactor', 'savedQuery'] as const).map(
          async (table) => (await database.selectFrom(table).selectAll().execute()).length,
        ),
      );
    const before = await counts();
    for (const endpoint of named.filter(({ method }) => method !== 'GET')) await ask(endpoint, stranger.headers, ours);
    expect(await counts()).toEqual(before);
  });
});

it('serves below /api nothing that is not an operation, but what is listed here', async () => {
  const known = new Set(all.map(({ method, path }) => `${method} /api/v1${path}`));
  // A tree: what is further to the right goes on from the last line further to the left.
  const parts: string[] = [];
  const served = world.server.app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S*) \(([^)]*)\)/.exec(line) ?? [];
      parts.splice(indent.length / 4, Infinity, part);
      const wanted = methods.split(', ').filter((method) => method !== 'HEAD' && parts.join('').startsWith('/api/'));
      return wanted.map((method) => `${method} ${parts.join('')}`);
    });
  expect(served.filter((one) => !known.has(one)).toSorted()).toEqual([
    'GET /api/openapi.json',
    'GET /api/v1/reports/:reportId/file',
    'PUT /api/v1/releases/files/:sha256',
  ]);
  expect([...known].filter((one) => !served.includes(one))).toEqual([]);
});
