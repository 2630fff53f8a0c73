import { randomBytes, randomUUID } from 'node:crypto';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let manager: Awaited<ReturnType<typeof testCaller>>;
let administrator: typeof manager;
let count = 0;
const password = 'seventeen green lamps';
/** Of `password`: made once, since it takes long. */
let passwordHash: string;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  passwordHash = await hashPassword(password);
}, 60_000);
beforeEach(async () => {
  server.clock.now = new Date('2026-11-22T12:00:00Z');
  manager = await testCaller(server);
  administrator = await testCaller(server, { organizationId: manager.organizationId, role: 'user-administrator' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

type Headers = Record<string, string>;

async function send(method: 'GET' | 'POST' | 'DELETE', path: string, { headers }: { headers: Headers }, payload?: object) {
  count += 1;
  // Each from an address of its own: the limit by address is tested elsewhere.
  const remoteAddress = `10.0.${count >> 8}.${count & 255}`;
  const reply = await server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers,
    remoteAddress,
    ...(payload ? { payload } : {}),
  });
  return {
    status: reply.statusCode,
    json: reply.json<Record<string, string>>(),
    cookie: reply.cookies.find(({ maxAge }) => maxAge !== 0),
  };
}

async function newUser(change: object = {}): Promise<{ userId: string; login: string }> {
  count += 1;
  const login = `user-${count}`;
  const made = await send('POST', '/users', manager, { login, role: 'reader', ...change });
  if (made.status !== 200) throw new Error(JSON.stringify(made.json));
  const userId = made.json['userId'] ?? '';
  await database.db.updateTable('appUser').set({ passwordHash, mustChangePassword: false }).where('id', '=', userId).execute();
  return { userId, login };
}

async function logIn(login: string, secret = password, before: Headers = {}) {
  const reply = await send(
    'POST',
    '/session',
    { headers: { 'sec-fetch-site': 'same-origin', ...before } },
    { login, password: secret },
  );
  const headers = { cookie: `vedette-session=${reply.cookie?.value}`, 'sec-fetch-site': 'same-origin' };
  return { ...reply, headers };
}

function later(minutes: number): void {
  server.clock.now = new Date(server.clock.now.getTime() + minutes * 60_000);
}

describe('users', () => {
  it('get a password that has to be changed before anything else', async () => {
    const { json } = await send('POST', '/users', manager, { login: 'ada', role: 'reader' });
    const session = await logIn('ada', json['password']);
    expect(session.json).toMatchObject({ login: 'ada', stage: 'change-password' });
    expect(await send('GET', '/assets', session)).toMatchObject({ status: 403, json: { code: 'LOGIN_INCOMPLETE' } });
    const changed = await send('POST', '/account/password', session, { password: json['password'], newPassword: password });
    expect(changed).toMatchObject({ status: 200, json: { stage: 'complete' } });
    expect((await send('GET', '/session', session)).status).toBe(401);
    const headers = { cookie: `vedette-session=${changed.cookie?.value}` };
    expect((await send('GET', '/assets', { headers })).status).toBe(200);
  });

  it.each([
    ['a login that is taken', { login: 'taken' }, 409],
    ['a role that nobody has', { role: 'emperor' }, 400],
    ['the role of another organization', { role: '7b1f9c0e-5b0e-4c39-9d31-7c0f8a0b6c1d' }, 400],
    ['a scope that cannot be understood', { scope: 'colour:red' }, 400],
    ['a scope that says nothing', { scope: '  ' }, 400],
    ['a unit manager of everything', { role: 'unit-manager' }, 400],
    ['a login that is none', { login: 'a b' }, 400],
  ])('are not made with %s', async (_, change, status) => {
    await database.db
      .insertInto('appUser')
      .values({
        id: manager.organizationId,
        organizationId: manager.organizationId,
        login: 'taken',
        passwordHash: '',
        role: 'reader',
        createdAt: new Date(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const made = await send('POST', '/users', manager, { login: `new-${(count += 1)}`, role: 'reader', ...change });
    expect(made.status).toBe(status);
  });

  it('are refused everywhere the moment they are disabled', async () => {
    const user = await newUser();
    const session = await logIn(user.login);
    const token = await send('POST', '/api-tokens', session, { name: 'own' });
    const bearer = { headers: { authorization: `Bearer ${token.json['secret']}` } };
    expect((await send('GET', '/assets', bearer)).status).toBe(200);
    expect((await send('POST', `/users/${user.userId}`, manager, { disabled: true })).json).toMatchObject({
      disabledAt: expect.any(String),
    });
    expect([
      (await send('GET', '/assets', bearer)).status,
      (await send('GET', '/assets', session)).status,
      (await logIn(user.login)).status,
    ]).toEqual([401, 401, 401]);
    await send('POST', `/users/${user.userId}`, manager, { disabled: false });
    expect((await logIn(user.login)).status).toBe(200);
  });

  it('lose and get rights at once', async () => {
    const user = await newUser();
    const session = await logIn(user.login);
    expect((await send('GET', '/users', session)).status).toBe(403);
    await send('POST', `/users/${user.userId}`, manager, { role: 'auditor' });
    expect((await send('GET', '/users', session)).status).toBe(200);
    await send('POST', `/users/${user.userId}`, manager, { role: 'knowledge-only' });
    expect((await send('GET', '/users', session)).status).toBe(403);
  });

  it('always leave a manager', async () => {
    const path = `/users/${manager.userId}`;
    for (const change of [{ role: 'reader' }, { disabled: true }, { scope: 'os:debian' }]) {
      expect((await send('POST', path, manager, change)).json).toMatchObject({ code: 'CONFLICT' });
    }
    expect((await send('DELETE', path, manager)).json).toMatchObject({ code: 'CONFLICT' });
    const other = await newUser({ role: 'manager' });
    expect((await send('POST', path, manager, { name: 'Ada' })).status).toBe(200);
    expect((await send('DELETE', path, manager)).status).toBe(200);
    expect((await send('GET', '/session', manager)).status).toBe(401);
    expect((await send('GET', '/session', await logIn(other.login))).json).toMatchObject({ role: 'manager' });
  });

  it('cannot all be left without a manager at once', async () => {
    const other = await newUser({ role: 'manager' });
    const outcomes = await Promise.all(
      [manager.userId, other.userId].map((userId) => send('POST', `/users/${userId}`, manager, { role: 'reader' })),
    );
    expect(outcomes.filter(({ status }) => status === 200).length).toBe(1);
  });
});

describe('a user administrator', () => {
  it('makes users of every role that does not decide about roles', async () => {
    for (const role of ['reader', 'scanner', 'auditor', 'user-administrator'])
      expect((await send('POST', '/users', administrator, { login: `by-admin-${(count += 1)}`, role })).status).toBe(200);
  });

  it.each([
    ['making a manager', 'POST', '/users', { login: 'mallory', role: 'manager' }],
    ['becoming a manager', 'POST', '/users/OWN', { role: 'manager' }],
    ['taking over a manager', 'POST', '/users/MANAGER/password', undefined],
    ['disabling a manager', 'POST', '/users/MANAGER', { disabled: true }],
    ['removing a manager', 'DELETE', '/users/MANAGER', undefined],
    ['making a role', 'POST', '/roles', { name: 'all', permissions: ['asset:read'] }],
  ] as const)('is refused %s', async (_, method, path, payload) => {
    const address = path.replace('OWN', administrator.userId).replace('MANAGER', manager.userId);
    expect((await send(method, address, administrator, payload)).json).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('roles of an organization', () => {
  it('give what they say, within their scope', async () => {
    const role = await send('POST', '/roles', manager, {
      name: 'Web team',
      permissions: ['asset:read', 'asset:scan'],
      scope: 'hostname:web*',
    });
    const user = await newUser({ role: role.json['role'] });
    const session = await logIn(user.login);
    expect(session.json).toMatchObject({
      roleName: 'Web team',
      permissions: ['asset:read', 'asset:scan'],
      scope: 'hostname:web*',
    });
    expect([(await send('GET', '/assets', session)).status, (await send('GET', '/detections', session)).status]).toEqual([
      200, 403,
    ]);
    expect((await send('DELETE', `/roles/${role.json['role']}`, manager)).json).toMatchObject({ code: 'CONFLICT' });
  });

  it.each([
    ['a scope with what is about everything', { permissions: ['audit:read'], scope: 'os:debian' }, 400],
    ['a name that there is', { name: 'Manager' }, 409],
    ['a permission that there is none', { permissions: ['world:rule'] }, 400],
    ['no permission', { permissions: [] }, 400],
    ['a scope about detections', { scope: 'critical:>0' }, 400],
  ])('are not made with %s', async (_, change, status) => {
    expect(
      (await send('POST', '/roles', manager, { name: `role ${(count += 1)}`, permissions: ['asset:read'], ...change })).status,
    ).toBe(status);
  });

  it('cannot give more than their maker has', async () => {
    const role = await send('POST', '/roles', manager, { name: 'Roles only', permissions: ['role:write', 'role:read'] });
    const user = await newUser({ role: role.json['role'] });
    const made = await send('POST', '/roles', await logIn(user.login), { name: 'more', permissions: ['asset:read'] });
    expect(made.json).toMatchObject({ code: 'FORBIDDEN', detail: 'You may not yourself: asset:read' });
  });

  it('that decide about roles and users, but about nothing else, are no way to become a manager', async () => {
    const permissions = ['role:write', 'role:read', 'user:read', 'user:write'];
    const role = await send('POST', '/roles', manager, { name: 'People only', permissions });
    const user = await newUser({ role: role.json['role'] });
    const [other, boss] = [await newUser({ role: role.json['role'] }), await newUser({ role: 'manager' })];
    const session = await logIn(user.login);
    const tries = [
      await send('POST', `/users/${user.userId}`, session, { role: 'manager' }),
      await send('POST', '/users', session, { login: 'second-me', role: 'manager' }),
      await send('POST', `/users/${boss.userId}/password`, session),
      await send('POST', `/users/${boss.userId}`, session, { role: 'reader' }),
    ];
    expect(tries.map(({ json }) => json['code'])).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    expect((await send('POST', `/users/${other.userId}`, session, { role: 'reader' })).status).toBe(200);
  });
});

describe('API tokens', () => {
  async function tokenOf(session: { headers: Headers }, permissions: readonly string[] | null): Promise<{ headers: Headers }> {
    const made = await send('POST', '/api-tokens', session, { name: 'own', permissions });
    expect(made.status).toBe(200);
    return { headers: { authorization: `Bearer ${made.json['secret']}` } };
  }

  it('may what they were made for, of what their owner may now', async () => {
    const user = await newUser({ role: 'auditor' });
    const session = await logIn(user.login);
    const token = await tokenOf(session, ['user:read', 'asset:read']);
    expect([(await send('GET', '/users', token)).status, (await send('GET', '/audit', token)).status]).toEqual([200, 403]);
    await send('POST', `/users/${user.userId}`, manager, { role: 'reader' });
    expect([(await send('GET', '/users', token)).status, (await send('GET', '/assets', token)).status]).toEqual([403, 200]);
  });

  it('may not what their owner may not', async () => {
    const user = await newUser();
    const made = await send('POST', '/api-tokens', await logIn(user.login), {
      name: 'more',
      permissions: ['asset:read', 'user:write'],
    });
    expect(made.json).toMatchObject({ code: 'FORBIDDEN', detail: 'A token may not do what you may not: user:write' });
  });

  it('make no token that outlives them', async () => {
    const session = await logIn((await newUser()).login);
    const day = await send('POST', '/api-tokens', session, { name: 'a day', expiresInDays: 1 });
    const bearer = { headers: { authorization: `Bearer ${day.json['secret']}` } };
    for (const wanted of [{}, { expiresInDays: 3650 }]) {
      const made = await send('POST', '/api-tokens', bearer, { name: 'for ever', ...wanted });
      expect(made.json['expiresAt']).toBe(day.json['expiresAt']);
      const second = { headers: { authorization: `Bearer ${made.json['secret']}` } };
      expect((await send('GET', '/assets', second)).status).toBe(200);
      server.clock.now = new Date('2026-11-23T12:00:01Z');
      expect((await send('GET', '/assets', second)).status).toBe(401);
      server.clock.now = new Date('2026-11-22T12:00:00Z');
    }
  });

  it('end with the one that they were made with, and no earlier', async () => {
    const session = await logIn((await newUser()).login);
    const first = await send('POST', '/api-tokens', session, { name: 'stolen' });
    const other = await tokenOf(session, null);
    const second = await tokenOf({ headers: { authorization: `Bearer ${first.json['secret']}` } }, null);
    const third = await tokenOf(second, null);
    const states = async () =>
      Promise.all([second, third, other].map(async (token) => (await send('GET', '/session', token)).status));
    expect(await states()).toEqual([200, 200, 200]);
    expect((await send('DELETE', `/api-tokens/${first.json['apiTokenId']}`, session)).status).toBe(200);
    expect(await states()).toEqual([401, 401, 200]);
  });

  it('are two hundred of a user at most', async () => {
    const { userId, login } = await newUser();
    const { organizationId } = await database.db
      .selectFrom('appUser')
      .selectAll()
      .where('id', '=', userId)
      .executeTakeFirstOrThrow();
    const row = { organizationId, userId, name: 'one of many', createdAt: server.clock.now, expiresAt: server.clock.now };
    const rows = Array.from({ length: 199 }, () => ({ ...row, id: randomUUID(), tokenHash: randomBytes(32) }));
    await database.db.insertInto('apiToken').values(rows).execute();
    const session = await logIn(login);
    const statuses = [];
    for (const _ of [1, 2]) statuses.push((await send('POST', '/api-tokens', session, { name: 'own' })).status);
    expect(statuses).toEqual([200, 409]);
    await send('DELETE', '/account/sessions?tokens=revoke', session);
    expect((await send('POST', '/api-tokens', await logIn(login), { name: 'own' })).status).toBe(200);
  });

  it('make no token that may more than they do', async () => {
    const session = await logIn((await newUser({ role: 'auditor' })).login);
    const small = await tokenOf(session, ['token:write', 'asset:read']);
    const second = await tokenOf(small, null);
    expect([(await send('GET', '/assets', second)).status, (await send('GET', '/users', second)).status]).toEqual([200, 403]);
  });

  it('do not change the account of their owner', async () => {
    const token = await tokenOf(await logIn((await newUser()).login), null);
    expect((await send('POST', '/account/password', token, { password, newPassword: 'another long password' })).status).toBe(403);
    expect((await send('GET', '/account/sessions', token)).status).toBe(403);
  });

  it('tell when and from where they were last used', async () => {
    const session = await logIn((await newUser()).login);
    const token = await tokenOf(session, null);
    later(5);
    await send('GET', '/assets', token);
    const { json } = await send('GET', '/api-tokens', session);
    expect(json['items']).toMatchObject([
      { lastUsedAt: '2026-11-22T12:05:00.000Z', lastAddress: expect.stringMatching(/^10\.0\./) },
    ]);
  });
});

async function makeToken(by: { headers: Record<string, string> }, name: string, more: object = {}) {
  const { json } = await send('POST', '/api-tokens', by, { name, ...more });
  return { headers: { authorization: `Bearer ${json['secret']}` } };
}

describe('sessions', () => {
  it('are new at every login, and one that the browser had before ends', async () => {
    const { login } = await newUser();
    const first = await logIn(login);
    const second = await logIn(login, password, { cookie: first.headers.cookie });
    expect(second.headers.cookie).not.toBe(first.headers.cookie);
    expect([(await send('GET', '/session', first)).status, (await send('GET', '/session', second)).status]).toEqual([401, 200]);
  });

  it('end when they are not used for two hours, and after twelve in any case', async () => {
    const { login } = await newUser();
    const session = await logIn(login);
    for (let hour = 0; hour < 11; hour += 1) {
      later(60);
      expect([hour, (await send('GET', '/session', session)).status]).toEqual([hour, 200]);
    }
    later(60);
    expect((await send('GET', '/session', session)).status).toBe(401);
    const idle = await logIn(login);
    later(121);
    expect((await send('GET', '/session', idle)).status).toBe(401);
  });

  it('are listed, and ended one by one', async () => {
    const { login } = await newUser();
    const [own, lost] = [await logIn(login), await logIn(login)];
    const { items } = (await send('GET', '/account/sessions', own)).json as unknown as {
      items: { sessionId: string; isCurrent: boolean }[];
    };
    expect(items.filter(({ isCurrent }) => isCurrent).length).toBe(1);
    expect(items.length).toBe(2);
    const other = items.find(({ isCurrent }) => !isCurrent)?.sessionId;
    expect((await send('DELETE', `/account/sessions/${other}`, await logIn((await newUser()).login))).status).toBe(404);
    expect((await send('DELETE', `/account/sessions/${other}`, own)).status).toBe(200);
    expect((await send('GET', '/session', lost)).status).toBe(401);
  });

  it('all end at once where somebody logs out everywhere, and it says how many', async () => {
    const { login, userId } = await newUser();
    const idle = await logIn(login);
    later(121);
    const [own, lost, other] = [await logIn(login), await logIn(login), await logIn((await newUser()).login)];
    const reply = await send('DELETE', '/account/sessions', own);
    expect(reply).toMatchObject({ status: 200, json: { ended: 2 } });
    for (const session of [idle, own, lost]) expect((await send('GET', '/session', session)).status).toBe(401);
    expect((await send('GET', '/session', other)).status).toBe(200);
    expect((await logIn(login)).status).toBe(200);
    const { items } = (await send('GET', '/audit?search=endSessions', manager)).json as unknown as { items: object[] };
    expect(items[0]).toMatchObject({ action: 'endSessions', actor: { userId }, detail: { ended: 2 } });
  });

  it('end with the API tokens, and those of nobody else, where it is asked for', async () => {
    const { login } = await newUser();
    const [own, other] = [await logIn(login), await logIn((await newUser()).login)];
    const [kept, theirs] = [await makeToken(own, 'kept'), await makeToken(other, 'theirs')];
    await makeToken(own, 'over', { expiresInDays: 1 });
    later(24 * 60 + 1);
    expect(await send('DELETE', '/account/sessions', await logIn(login))).toMatchObject({ json: { revokedTokens: 0 } });
    expect((await send('GET', '/session', kept)).status).toBe(200);
    const reply = await send('DELETE', '/account/sessions?tokens=revoke', await logIn(login));
    expect(reply).toMatchObject({ status: 200, json: { ended: 1, revokedTokens: 1 } });
    expect((await send('GET', '/session', kept)).status).toBe(401);
    expect((await send('GET', '/session', theirs)).status).toBe(200);
  });

  it('end also where a password has to be chosen first', async () => {
    const { login, userId } = await newUser();
    const reset = await send('POST', `/users/${userId}/password`, manager);
    const session = await logIn(login, reset.json['password']);
    expect(session.json).toMatchObject({ stage: 'change-password' });
    expect(await send('DELETE', '/account/sessions', session)).toMatchObject({ status: 200, json: { ended: 1 } });
  });

  it('end by an API token that may revoke tokens, and by no other', async () => {
    const { login } = await newUser();
    const session = await logIn(login);
    const reading = await makeToken(session, 'reading', { permissions: ['asset:read'] });
    expect((await send('DELETE', '/account/sessions?tokens=revoke', reading)).status).toBe(403);
    expect((await send('GET', '/session', session)).status).toBe(200);
    const whole = await makeToken(session, 'whole');
    expect(await send('DELETE', '/account/sessions', whole)).toMatchObject({ json: { ended: 1, revokedTokens: 0 } });
    expect((await send('GET', '/session', session)).status).toBe(401);
    expect(await send('DELETE', '/account/sessions?tokens=revoke', whole)).toMatchObject({
      json: { ended: 0, revokedTokens: 2 },
    });
    for (const token of [reading, whole]) expect((await send('GET', '/session', token)).status).toBe(401);
  });

  it('of somebody else are ended by those who manage users', async () => {
    const { login, userId } = await newUser();
    const [one, two] = [await logIn(login), await logIn(login)];
    const byToken = await makeToken(one, 'kept');
    expect((await send('DELETE', `/users/${userId}/sessions`, one)).status).toBe(403);
    expect((await send('GET', '/session', two)).status).toBe(200);
    expect(await send('DELETE', `/users/${userId}/sessions`, administrator)).toMatchObject({ status: 200, json: { ended: 2 } });
    for (const session of [one, two]) expect((await send('GET', '/session', session)).status).toBe(401);
    expect((await send('GET', '/session', byToken)).status).toBe(200);
    expect(await send('DELETE', `/users/${userId}/sessions?tokens=revoke`, administrator)).toMatchObject({
      json: { ended: 0, revokedTokens: 1 },
    });
    expect((await send('GET', '/session', byToken)).status).toBe(401);
  });

  it('of a manager are not ended by a user administrator, who could keep him from looking', async () => {
    const { login, userId } = await newUser({ role: 'manager' });
    const session = await logIn(login);
    expect((await send('DELETE', `/users/${userId}/sessions`, administrator)).status).toBe(403);
    expect((await send('GET', '/session', session)).status).toBe(200);
    expect(await send('DELETE', `/users/${userId}/sessions`, manager)).toMatchObject({ json: { ended: 1 } });
  });

  it('all end with a new password', async () => {
    const { login, userId } = await newUser();
    const [own, lost] = [await logIn(login), await logIn(login)];
    const changed = await send('POST', '/account/password', own, { password, newPassword: 'four more unlike words' });
    expect([changed.status, (await send('GET', '/session', lost)).status, (await send('GET', '/session', own)).status]).toEqual([
      200, 401, 401,
    ]);
    const reset = await send('POST', `/users/${userId}/password`, manager);
    expect((await send('GET', '/session', { headers: { cookie: `vedette-session=${changed.cookie?.value}` } })).status).toBe(401);
    expect((await logIn(login, reset.json['password'])).json).toMatchObject({ stage: 'change-password' });
  });
});

describe('guessing passwords', () => {
  async function guess(login: string, secret: string, remoteAddress = '192.0.2.1') {
    // The limit by address alone is another one.
    const reply = await server.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { login, password: secret },
      remoteAddress,
    });
    return reply;
  }

  it.each([['a login that exists'], ['one that does not']])('locks %s for longer each time', async (what) => {
    const login = what.includes('exists') ? (await newUser()).login : `nobody-${(count += 1)}`;
    const address = `198.51.100.${(count += 1) & 255}`;
    const statuses = [];
    for (let at = 0; at < 6; at += 1) statuses.push((await guess(login, 'wrong', address)).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const waits = [];
    for (let at = 0; at < 4; at += 1) {
      const locked = (await guess(login, password, address)).json<{ retryAfterSeconds: number }>().retryAfterSeconds;
      waits.push(locked);
      later(locked / 60);
      await guess(login, 'wrong', address);
    }
    expect(waits).toEqual([5, 10, 20, 40]);
  });

  it('does not lock out its owner elsewhere, and is forgiven with the right one', async () => {
    const { login } = await newUser();
    for (let at = 0; at < 6; at += 1) await guess(login, 'wrong', '203.0.113.1');
    expect((await guess(login, password, '203.0.113.1')).statusCode).toBe(429);
    expect((await guess(login, password, '203.0.113.2')).statusCode).toBe(200);
    later(1);
    expect((await guess(login, password, '203.0.113.1')).statusCode).toBe(200);
    for (let at = 0; at < 4; at += 1) expect((await guess(login, 'wrong', '203.0.113.1')).statusCode).toBe(401);
  });

  it('counts those that come at once', async () => {
    const { login } = await newUser();
    const replies = await Promise.all(Array.from({ length: 12 }, () => guess(login, 'wrong', '203.0.113.77')));
    expect(replies.filter(({ statusCode }) => statusCode === 401).length).toBe(5);
  });

  it('is locked from everywhere in the end', async () => {
    const { login } = await newUser();
    for (let at = 0; at < 30; at += 1) await guess(login, 'wrong', `203.0.113.${100 + at}`);
    expect((await guess(login, password, '203.0.113.200')).statusCode).toBe(429);
  });
});
