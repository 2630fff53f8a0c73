import { randomUUID } from 'node:crypto';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { Secret } from 'otpauth';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.ts';
import { type Bend, SoftwareKey } from '../testing/software-key.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { totpCode } from '../testing/totp-code.ts';
import { insertUser } from '../users/store.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let manager: Awaited<ReturnType<typeof testCaller>>;
let count = 0;
const password = 'seventeen green lamps';
let passwordHash: string;
const origin = 'http://localhost';

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  passwordHash = await hashPassword(password);
}, 60_000);
beforeEach(async () => {
  server.clock.now = new Date('2026-11-22T12:00:00Z');
  manager = await testCaller(server);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

type Json = Record<string, string> & { readonly options?: object; readonly recoveryCodes?: string[] };
interface Session {
  readonly headers: Record<string, string>;
}

async function send(method: 'GET' | 'POST' | 'DELETE', path: string, { headers }: Session, payload?: object) {
  count += 1;
  const remoteAddress = `10.1.${count >> 8}.${count & 255}`;
  const host = headers['host'] ?? 'localhost';
  const reply = await server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { ...headers, host },
    remoteAddress,
    ...(payload ? { payload } : {}),
  });
  const value = reply.cookies.find(({ maxAge }) => maxAge !== 0)?.value;
  const session: Session = { headers: { cookie: `vedette-session=${value}`, 'sec-fetch-site': 'same-origin', host } };
  return { status: reply.statusCode, json: reply.json<Json>(), session };
}

interface Person extends Session {
  readonly userId: string;
  readonly login: string;
}

async function newPerson(role = 'reader'): Promise<Person> {
  const login = `person-${(count += 1)}`;
  const userId = randomUUID();
  const { organizationId } = manager;
  await insertUser(database.db, { id: userId, organizationId, login, passwordHash, role, createdAt: server.clock.now });
  return { userId, login, ...(await logIn(login)).session };
}

function logIn(login: string) {
  return send('POST', '/session', { headers: { 'sec-fetch-site': 'same-origin' } }, { login, password });
}

function later(seconds: number): void {
  server.clock.now = new Date(server.clock.now.getTime() + seconds * 1000);
}

function codeOf(secret: string): string {
  return totpCode(secret, server.clock.now);
}

async function withTotp(person: Person): Promise<{ secret: string; recoveryCodes: string[]; secondFactorId: string }> {
  const { json } = await send('POST', '/account/second-factors/totp', person);
  const secret = json['secret'] ?? '';
  const kept = await send('POST', '/account/second-factors/totp/confirmation', person, { name: 'phone', code: codeOf(secret) });
  if (kept.status !== 200) throw new Error(JSON.stringify(kept.json));
  return { secret, recoveryCodes: kept.json.recoveryCodes ?? [], secondFactorId: kept.json['secondFactorId'] ?? '' };
}

async function withKey(person: Person, key = new SoftwareKey(origin), bend: Bend = {}) {
  const { json } = await send('POST', '/account/second-factors/webauthn/options', person);
  const response = key.register(json.options ?? {}, bend);
  return { key, response, ...(await send('POST', '/account/second-factors/webauthn', person, { name: 'key', response })) };
}

async function answer(session: Session, key: SoftwareKey, bend: Bend = {}) {
  const asked = await send('GET', '/session/second-factor', session);
  const options = asked.json['webauthn'] as unknown as object;
  const response = key.authenticate(options, bend);
  return { response, ...(await send('POST', '/session/second-factor', session, { response })) };
}

describe('a program that shows codes', () => {
  it('has to give one at every login from then on', async () => {
    const person = await newPerson();
    const { secret, recoveryCodes } = await withTotp(person);
    expect(new Set(recoveryCodes).size).toBe(10);
    later(30);
    const { json, session } = await logIn(person.login);
    expect(json).toMatchObject({ stage: 'second-factor', permissions: [], scope: null });
    for (const path of ['/assets', '/api-tokens', '/account/second-factors', '/account/sessions', '/about'])
      expect([path, (await send('GET', path, session)).json['code']]).toEqual([path, 'LOGIN_INCOMPLETE']);
    expect((await send('GET', '/session/second-factor', session)).json).toMatchObject({
      methods: ['totp', 'recovery-code'],
      webauthn: null,
    });
    const done = await send('POST', '/session/second-factor', session, { code: codeOf(secret) });
    expect(done.json).toMatchObject({ stage: 'complete', login: person.login });
    // A new secret: what was known to somebody before the login was complete is worth nothing.
    expect([(await send('GET', '/assets', done.session)).status, (await send('GET', '/session', session)).status]).toEqual([
      200, 401,
    ]);
  });

  it('is not got round: half a login changes nothing, and a new password is half of one', async () => {
    const person = await newPerson();
    await withTotp(person);
    later(30);
    const { session } = await logIn(person.login);
    const tries: [string, object?][] = [
      ['/account/password', { password, newPassword: 'four more unlike words' }],
      ['/account/second-factors/totp'],
      ['/account/second-factors/webauthn/options'],
      ['/account/recovery-codes'],
      ['/api-tokens', { name: 'round it' }],
    ];
    for (const [path, body] of tries)
      expect([path, (await send('POST', path, session, body)).json['code']]).toEqual([path, 'LOGIN_INCOMPLETE']);
    const reset = await send('POST', `/users/${person.userId}/password`, manager);
    const headers = { 'sec-fetch-site': 'same-origin' };
    const given = { login: person.login, password: reset.json['password'] };
    const again = await send('POST', '/session', { headers }, given);
    expect(again.json).toMatchObject({ stage: 'second-factor', permissions: [] });
    const changed = await send('POST', '/account/password', again.session, { ...given, newPassword: 'four more unlike words' });
    expect(changed.json['code']).toBe('LOGIN_INCOMPLETE');
  });

  it.each([
    ['a code of the minute before last', -90, 401],
    ['a code of the step before', -30, 200],
    ['a code of the next step', 30, 200],
    ['a code of later', 90, 401],
  ])('%s', async (_, seconds, status) => {
    const person = await newPerson();
    const { secret } = await withTotp(person);
    later(600);
    const { session } = await logIn(person.login);
    later(seconds);
    const code = codeOf(secret);
    later(-seconds);
    expect((await send('POST', '/session/second-factor', session, { code })).status).toBe(status);
  });

  it('counts each code once, also when two come at once', async () => {
    const person = await newPerson();
    const { secret } = await withTotp(person);
    const replayed = await logIn(person.login);
    expect((await send('POST', '/session/second-factor', replayed.session, { code: codeOf(secret) })).json).toMatchObject({
      code: 'LOGIN_FAILED',
    });
    later(60);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => logIn(person.login)));
    const replies = await Promise.all(
      sessions.map(({ session }) => send('POST', '/session/second-factor', session, { code: codeOf(secret) })),
    );
    expect(replies.filter(({ status }) => status === 200).length).toBe(1);
  });

  it('is not guessed: after five wrong ones the right one has to wait, from wherever it comes', async () => {
    const person = await newPerson();
    const { secret } = await withTotp(person);
    later(60);
    for (let at = 0; at < 5; at += 1)
      await send('POST', '/session/second-factor', (await logIn(person.login)).session, { code: '000000' });
    const { session } = await logIn(person.login);
    expect((await send('POST', '/session/second-factor', session, { code: codeOf(secret) })).status).toBe(429);
    later(6);
    expect((await send('POST', '/session/second-factor', session, { code: codeOf(secret) })).status).toBe(200);
  });

  it('is kept only with a right code, from the session that began, and soon', async () => {
    const person = await newPerson();
    const begin = async () => (await send('POST', '/account/second-factors/totp', person)).json['secret'] ?? '';
    const confirm = (code: string, by: Session = person) =>
      send('POST', '/account/second-factors/totp/confirmation', by, { name: 'phone', code });
    const other = (await logIn(person.login)).session;
    const secret = await begin();
    expect((await confirm('000000')).status).toBe(400);
    expect((await confirm(codeOf(secret), other)).status).toBe(409);
    later(11 * 60);
    expect((await confirm(codeOf(secret))).status).toBe(409);
    const again = await begin();
    expect((await confirm(codeOf(again))).status).toBe(200);
    expect((await confirm(codeOf(again))).status).toBe(409);
  });

  it('does not let its session live for long while it is waited for', async () => {
    const person = await newPerson();
    await withTotp(person);
    const { session } = await logIn(person.login);
    later(10 * 60 + 1);
    expect((await send('GET', '/session', session)).status).toBe(401);
  });
});

describe('whoever writes to the database', () => {
  it('finds no key of a program there, neither while it is set up nor later', async () => {
    const person = await newPerson();
    const { json } = await send('POST', '/account/second-factors/totp', person);
    const session = await database.db.selectFrom('session').select('challenge').where('userId', '=', person.userId).execute();
    expect(session.map(({ challenge }) => challenge)).toEqual([expect.stringMatching(/^totp sealed:1:/)]);
    const confirmed = { name: 'phone', code: codeOf(json['secret'] ?? '') };
    expect((await send('POST', '/account/second-factors/totp/confirmation', person, confirmed)).status).toBe(200);
    const [factor] = await database.db.selectFrom('secondFactor').select('key').where('userId', '=', person.userId).execute();
    expect(factor?.key.toString()).toMatch(/^sealed:1:/);
    expect(factor?.key.includes(Buffer.from(Secret.fromBase32(json['secret'] ?? '').bytes))).toBe(false);
  });

  it('cannot give an account the program of another', async () => {
    const [own, victim] = [await newPerson(), await newPerson()];
    const begin = async (by: Person) => {
      const { json } = await send('POST', '/account/second-factors/totp', by);
      const code = codeOf(json['secret'] ?? '');
      expect((await send('POST', '/account/second-factors/totp/confirmation', by, { name: 'phone', code })).status).toBe(200);
      return json['secret'] ?? '';
    };
    const [secret] = [await begin(own), await begin(victim)];
    const { key } = await database.db
      .selectFrom('secondFactor')
      .select('key')
      .where('userId', '=', own.userId)
      .executeTakeFirstOrThrow();
    await database.db.updateTable('secondFactor').set({ key }).where('userId', '=', victim.userId).execute();
    later(60);
    const { session } = await logIn(victim.login);
    expect((await send('POST', '/session/second-factor', session, { code: codeOf(secret) })).status).toBe(401);
    const ownSession = (await logIn(own.login)).session;
    expect((await send('POST', '/session/second-factor', ownSession, { code: codeOf(secret) })).status).toBe(200);
  });
});

describe('recovery codes', () => {
  it('open the account once each, however they are written', async () => {
    const person = await newPerson();
    const { recoveryCodes } = await withTotp(person);
    const [code = ''] = recoveryCodes;
    const use = async (recoveryCode: string) =>
      send('POST', '/session/second-factor', (await logIn(person.login)).session, { recoveryCode });
    const first = await use(code.toUpperCase().replaceAll('-', ' '));
    expect(first.status).toBe(200);
    expect((await use(code)).status).toBe(401);
    expect((await send('GET', '/account/second-factors', first.session)).json).toMatchObject({ recoveryCodes: 9 });
  });

  it('are replaced as a whole, and belong to one user', async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    const { recoveryCodes } = await withTotp(one);
    await withTotp(other);
    const stolen = await send('POST', '/session/second-factor', (await logIn(other.login)).session, {
      recoveryCode: recoveryCodes[0],
    });
    expect(stolen.status).toBe(401);
    const renewed = await send('POST', '/account/recovery-codes', one);
    const use = async (recoveryCode: string | undefined) =>
      (await send('POST', '/session/second-factor', (await logIn(one.login)).session, { recoveryCode })).status;
    expect([await use(recoveryCodes[1]), await use(renewed.json.recoveryCodes?.[1])]).toEqual([401, 200]);
  });
});

describe('a key or passkey', () => {
  it('is registered and answers at the next login', async () => {
    const person = await newPerson();
    const { key, status } = await withKey(person);
    expect(status).toBe(200);
    const { session } = await logIn(person.login);
    expect((await answer(session, key)).json).toMatchObject({ stage: 'complete' });
  });

  it.each<[string, Bend]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['a login instead', { type: 'webauthn.get' }],
    ['nobody being there', { present: false }],
  ])('is not registered by an answer for %s', async (_, bend) => {
    expect((await withKey(await newPerson(), undefined, bend)).status).toBe(400);
  });

  it.each<[string, Bend]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['a registration', { type: 'webauthn.create' }],
    ['nobody being there', { present: false }],
    ['a counter that went back, as of a copied key', { counter: 1 }],
  ])('does not open the account by an answer for %s', async (_, bend) => {
    const person = await newPerson();
    const { key } = await withKey(person);
    expect((await answer((await logIn(person.login)).session, key)).status).toBe(200);
    expect((await answer((await logIn(person.login)).session, key, bend)).status).toBe(401);
  });

  it('answers once: not again, not in another session, not for somebody else', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const { key } = await withKey(person);
    await withKey(other);
    const { session } = await logIn(person.login);
    const first = await answer(session, key, { challenge: 'x' });
    expect(first.status).toBe(401);
    const asked = await send('GET', '/session/second-factor', session);
    const response = key.authenticate(asked.json['webauthn'] as unknown as object);
    const second = (await logIn(person.login)).session;
    expect((await send('POST', '/session/second-factor', second, { response })).status).toBe(401);
    expect((await send('POST', '/session/second-factor', (await logIn(other.login)).session, { response })).status).toBe(401);
    expect((await send('POST', '/session/second-factor', session, { response })).status).toBe(200);
    expect((await send('POST', '/session/second-factor', (await logIn(person.login)).session, { response })).status).toBe(401);
  });

  it('belongs to one account', async () => {
    const key = new SoftwareKey(origin);
    expect((await withKey(await newPerson(), key)).status).toBe(200);
    expect((await withKey(await newPerson(), key)).status).toBe(409);
  });

  it('needs a name, since browsers have none for addresses', async () => {
    const person = await newPerson();
    const reply = await send('POST', '/account/second-factors/webauthn/options', {
      headers: { ...person.headers, host: '127.0.0.1' },
    });
    expect(reply.json).toMatchObject({ code: 'CONFLICT', detail: expect.stringContaining('localhost') });
  });

  it.each([
    [{}],
    [{ id: 'x' }],
    [{ id: 1, response: { clientDataJSON: 5 } }],
    [{ id: 'x', rawId: 'x', type: 'public-key', response: {} }],
  ])('is nothing made of %j', async (response) => {
    const person = await newPerson();
    await send('POST', '/account/second-factors/webauthn/options', person);
    expect((await send('POST', '/account/second-factors/webauthn', person, { name: 'x', response })).status).toBe(400);
  });
});

describe('roles that must have a second factor', () => {
  it('do nothing before they have one, also in sessions that are open', async () => {
    const person = await newPerson('scanner');
    expect((await send('GET', '/assets', person)).status).toBe(200);
    expect((await send('POST', '/login-rules', manager, { secondFactorRoles: ['scanner'] })).status).toBe(200);
    expect((await send('GET', '/session', person)).json).toMatchObject({ stage: 'enrol' });
    expect((await send('GET', '/assets', person)).json).toMatchObject({ code: 'LOGIN_INCOMPLETE' });
    expect((await send('GET', '/account/second-factors', person)).json).toMatchObject({ isRequired: true });
    const { secondFactorId } = await withTotp(person);
    expect((await send('GET', '/assets', person)).status).toBe(200);
    await send('DELETE', `/account/second-factors/${secondFactorId}`, person);
    expect((await send('GET', '/session', person)).json).toMatchObject({ stage: 'enrol' });
  });

  it('are roles that there are', async () => {
    expect((await send('POST', '/login-rules', manager, { secondFactorRoles: ['emperor'] })).status).toBe(400);
  });
});

describe('second factors', () => {
  it('are only changed soon after a login', async () => {
    const person = await newPerson();
    const { secondFactorId } = await withTotp(person);
    later(16 * 60);
    const tries = [
      ['POST', '/account/second-factors/totp'],
      ['POST', '/account/second-factors/webauthn/options'],
      ['POST', '/account/recovery-codes'],
      ['DELETE', `/account/second-factors/${secondFactorId}`],
    ] as const;
    for (const [method, path] of tries) expect([path, (await send(method, path, person)).status]).toEqual([path, 403]);
  });

  it('are taken from a user who lost them, whose sessions end', async () => {
    const person = await newPerson();
    await withTotp(person);
    expect((await send('DELETE', `/users/${person.userId}/second-factors`, manager)).status).toBe(200);
    expect((await send('GET', '/session', person)).status).toBe(401);
    expect((await logIn(person.login)).json).toMatchObject({ stage: 'complete' });
  });

  it('of somebody else are not found', async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    const { secondFactorId } = await withTotp(one);
    expect((await send('DELETE', `/account/second-factors/${secondFactorId}`, other)).status).toBe(404);
  });

  it('leave no secret in the audit log', async () => {
    const person = await newPerson();
    const { secret, recoveryCodes } = await withTotp(person);
    const log = JSON.stringify((await send('GET', '/audit?limit=500', manager)).json);
    expect(log).toContain('confirmTotp');
    expect([secret, ...recoveryCodes].filter((one) => log.includes(one))).toEqual([]);
  });
});
