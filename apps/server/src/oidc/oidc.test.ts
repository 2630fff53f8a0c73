import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type OidcConfig, Secrets } from '../config.ts';
import { falseProvider, type FalseProvider, type Lies } from '../testing/false-provider.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { trueProvider, type TrueProvider } from '../testing/true-provider.ts';

const client = { id: 'vedette', secret: 'a secret of the client', redirectUri: 'http://127.0.0.1/api/v1/login/oidc/callback' };
const stack = new AsyncDisposableStack();
let database: ThrowAwayDatabase;
let honest: TrueProvider;
let liar: FalseProvider;
/** Servers that log people in by the honest one, and by the other. */
let server: TestServer;
let deceived: TestServer;
let manager: Awaited<ReturnType<typeof testCaller>>;
let count = 0;

beforeAll(async () => {
  database = stack.use(await throwAwayDatabase());
  honest = stack.use(await trueProvider(client));
  liar = stack.use(await falseProvider(client.id));
  server = stack.use(await serverFor(honest.issuer));
  deceived = stack.use(await serverFor(liar.issuer));
  manager = await testCaller(server);
}, 60_000);
afterEach(() => vi.useRealTimers());
afterAll(() => stack.disposeAsync());

async function serverFor(issuer: string, change: Partial<OidcConfig> = {}, publicUrl = 'http://127.0.0.1'): Promise<TestServer> {
  const roles = [
    { value: 'admins', role: 'manager' },
    { value: 'web', role: 'Web team' },
    { value: 'unit', role: 'unit-manager' },
    { value: 'staff', role: 'reader' },
    { value: 'gone', role: 'A role that is not there' },
  ];
  const oidc = { issuer, clientId: client.id, name: 'Example', roleClaim: 'groups', roles, defaultRole: null, ...change };
  const made = await testServer(database, {
    publicUrl,
    oidc,
    secrets: new Secrets({ oidcClientSecret: client.secret }),
  });
  // Tokens have the time of the world.
  made.clock.now = new Date();
  return made;
}

/** Each from an address of its own: logins are limited by address. */
function get(url: string, cookie = '', at = server) {
  count += 1;
  return at.app.inject({ url, headers: { host: '127.0.0.1', cookie }, remoteAddress: `10.2.${count >> 8}.${count & 255}` });
}

async function begin(at = server, next = '/assets') {
  const reply = await get(`/api/v1/login/oidc?next=${encodeURIComponent(next)}`, '', at);
  const cookie = reply.cookies.find(({ name }) => name === 'vedette-login');
  return { location: String(reply.headers.location), cookie: `vedette-login=${cookie?.value}`, flags: cookie };
}

/** Back from the provider, with the browser's cookie. */
async function comeBack(address: URL, cookie: string, at = server) {
  const reply = await get(address.pathname + address.search, cookie, at);
  const session = reply.cookies.find(({ name, value }) => name === 'vedette-session' && value !== '');
  const headers = { cookie: `vedette-session=${session?.value}`, host: '127.0.0.1' };
  const me = session && (await at.app.inject({ url: '/api/v1/session', headers })).json<Record<string, unknown>>();
  return { location: reply.headers.location, me, headers };
}

async function logIn(person: TrueProvider['person'], at = server) {
  honest.person = person;
  const { location, cookie } = await begin(at);
  return comeBack(await honest.visit(location), cookie, at);
}

describe('login by an OpenID provider', () => {
  it('makes a user at the first time and finds it again, with the role that its groups have now', async () => {
    const person = { sub: 'ada-1', name: 'Ada Lovelace', preferred_username: 'ada', groups: ['staff'] };
    const first = await logIn(person);
    expect(first).toMatchObject({
      location: '/assets',
      me: { login: 'ada', name: 'Ada Lovelace', role: 'reader', stage: 'complete', organizationId: manager.organizationId },
    });
    const second = await logIn({ ...person, groups: ['other', 'staff', 'admins'] });
    expect(second.me).toMatchObject({ userId: first.me?.['userId'], role: 'manager' });
    const users = (await server.app.inject({ url: '/api/v1/users', headers: manager.headers })).json<{
      items: Record<string, unknown>[];
    }>().items;
    expect(users.filter(({ login }) => login === 'ada')).toMatchObject([{ hasPassword: false, role: 'manager' }]);
    const log = await server.app.inject({ url: '/api/v1/audit?search=ada', headers: manager.headers });
    expect(log.json()).toMatchObject({
      items: [{ action: 'logIn', actor: { via: `OpenID provider ${honest.issuer}` } }, { action: 'logIn' }],
    });
  });

  it('is no way into the account of somebody with the same login', async () => {
    const userId = randomUUID();
    await database.db
      .insertInto('appUser')
      .values({
        id: userId,
        organizationId: manager.organizationId,
        login: 'root',
        passwordHash: '',
        role: 'manager',
        createdAt: new Date(),
      })
      .execute();
    const { me } = await logIn({ sub: 'mallory', preferred_username: 'root', groups: ['staff'] });
    expect(me).toMatchObject({ login: 'root@127.0.0.1', role: 'reader' });
    expect(me?.['userId']).not.toBe(userId);
  });

  it('gives roles that the organization made itself', async () => {
    const payload = { name: 'Web team', permissions: ['asset:read'], scope: 'hostname:web*' };
    await server.app.inject({ method: 'POST', url: '/api/v1/roles', headers: manager.headers, payload });
    expect((await logIn({ sub: 'w', groups: ['web'] })).me).toMatchObject({ roleName: 'Web team', scope: 'hostname:web*' });
  });

  it('shows a unit manager no asset before somebody has said which', async () => {
    const { headers } = await logIn({ sub: 'u', groups: ['unit'] });
    expect((await server.app.inject({ url: '/api/v1/about', headers })).json()).toMatchObject({ agentVersions: [] });
    expect((await server.app.inject({ url: '/api/v1/assets', headers })).json()).toMatchObject({ total: 0 });
  });

  it.each([
    ['no group of ours', { sub: 'n1', groups: ['others'] }, '/login?problem=oidc-role'],
    ['no groups', { sub: 'n2' }, '/login?problem=oidc-role'],
    ['a group for a role that is not there', { sub: 'n3', groups: ['gone'] }, '/login?problem=oidc-role'],
  ])('refuses whoever has %s', async (_, person, location) => {
    expect(await logIn(person)).toMatchObject({ location, me: undefined });
  });

  it('gives everybody else the default role, where there is one', async () => {
    await using open = await serverFor(honest.issuer, { defaultRole: 'knowledge-only' });
    expect((await logIn({ sub: 'n4' }, open)).me).toMatchObject({ role: 'knowledge-only' });
  });

  it('refuses a user who was disabled here', async () => {
    const { me } = await logIn({ sub: 'd', groups: ['staff'] });
    await database.db.updateTable('appUser').set({ disabledAt: new Date() }).where('id', '=', String(me?.['userId'])).execute();
    expect(await logIn({ sub: 'd', groups: ['staff'] })).toMatchObject({
      location: '/login?problem=oidc-disabled',
      me: undefined,
    });
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/a\r\nset-cookie: x=y'])(
    'leads to no other site: %s',
    async (next) => {
      honest.person = { sub: 'ada-1', groups: ['staff'] };
      const { location, cookie } = await begin(server, next);
      expect(await comeBack(await honest.visit(location), cookie)).toMatchObject({ location: '/' });
    },
  );

  it('sends what it needs and no more', async () => {
    const { location, flags } = await begin();
    const asked = new URL(location).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid profile email',
    });
    expect([...asked.keys()]).not.toContain('code_verifier');
    expect(flags).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    await using secure = await serverFor(honest.issuer, {}, 'https://vedette.example');
    const { cookies } = await get('/api/v1/login/oidc', '', secure);
    expect(cookies).toMatchObject([{ name: '__Host-vedette-login', secure: true, httpOnly: true, path: '/' }]);
    expect(cookies[0]).not.toHaveProperty('domain');
  });

  it('says that it is there, and is not there where nobody set it up', async () => {
    expect((await get('/api/v1/login-methods')).json()).toEqual({ oidc: { name: 'Example', address: '/api/v1/login/oidc' } });
    await using without = await testServer(database);
    expect((await without.app.inject({ url: '/api/v1/login-methods' })).json()).toEqual({ oidc: null });
    expect((await without.app.inject({ url: '/api/v1/login/oidc' })).statusCode).toBe(404);
  });

  it('tells people when the provider is away', async () => {
    await using away = await serverFor('http://127.0.0.1:9');
    expect((await begin(away)).location).toBe('/login?problem=oidc-failed');
  });
});

describe('an attacker', () => {
  const failed = { location: '/login?problem=oidc-failed', me: undefined };

  async function fetched() {
    honest.person = { sub: 'ada-1', groups: ['staff'] };
    const { location, cookie } = await begin();
    return { address: await honest.visit(location), cookie };
  }

  function changed(address: URL, name: string, value: string | null): URL {
    const other = new URL(address);
    if (value === null) other.searchParams.delete(name);
    else other.searchParams.set(name, value);
    return other;
  }

  it.each([
    ['another state', 'state', 'x'],
    ['no state', 'state', null],
    ['no code', 'code', null],
    ['another code', 'code', 'x'],
    ['another issuer', 'iss', 'https://evil.example'],
    ['no issuer', 'iss', null],
  ])('comes back with %s in vain', async (_, name, value) => {
    const { address, cookie } = await fetched();
    expect(await comeBack(changed(address, name, value), cookie)).toMatchObject(failed);
  });

  it('logs nobody in by a link: the browser has to be the one that began', async () => {
    const { address } = await fetched();
    expect(await comeBack(address, '')).toMatchObject(failed);
    const [own, other] = [await fetched(), await fetched()];
    expect(await comeBack(own.address, other.cookie)).toMatchObject(failed);
  });

  it('uses an answer a second time in vain', async () => {
    const { address, cookie } = await fetched();
    expect((await comeBack(address, cookie)).me).toMatchObject({ login: 'ada' });
    expect(await comeBack(address, cookie)).toMatchObject(failed);
  });

  it('uses a code in a login of his own in vain', async () => {
    const [victim, own] = [await fetched(), await fetched()];
    const code = victim.address.searchParams.get('code');
    expect(await comeBack(changed(own.address, 'code', code), own.cookie)).toMatchObject(failed);
  });

  it('comes too late after ten minutes', async () => {
    const { address, cookie } = await fetched();
    const before = server.clock.now;
    server.clock.now = new Date(before.getTime() + 10 * 60_000 + 1000);
    expect(await comeBack(address, cookie)).toMatchObject(failed);
    server.clock.now = before;
  });

  async function loggedInBy(lies: Lies) {
    const { location, cookie } = await begin(deceived);
    const asked = new URL(location).searchParams;
    liar.nonce = asked.get('nonce') ?? '';
    liar.lies = lies;
    const address = new URL(`${client.redirectUri}?code=c${count}&state=${asked.get('state')}`);
    return comeBack(address, cookie, deceived);
  }

  it('is let in by a token that is right, so that the next ones fail for their own reason', async () => {
    expect((await loggedInBy({})).me).toMatchObject({ login: 'eve', role: 'manager' });
    expect(liar.seen.at(-1)?.verifier).toMatch(/^[\w-]{43}$/);
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, Lies]>([
    ['with another nonce', { claims: { nonce: 'another' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['for somebody else', { claims: { aud: 'another-client' } }],
    ['for several, of whom we are not the one', { claims: { aud: ['vedette', 'other'], azp: 'other' } }],
    ['that has expired', { claims: { iat: now - 7200, exp: now - 3600 } }],
    ['about nobody', { claims: { sub: undefined } }],
    ['that nobody signed', { header: { alg: 'none' } }],
    ['signed by another key', { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }],
    ['signed with what everybody knows', { header: { alg: 'HS256' } }],
    ['for several, without a word for which', { claims: { aud: ['vedette', 'other'] } }],
    ['for nobody', { claims: { aud: undefined } }],
    ['that does not end', { claims: { exp: undefined } }],
    ['that was never made', { claims: { iat: undefined } }],
    ['that holds later only', { claims: { nbf: now + 3600 } }],
    ['with an access token of another', { claims: { at_hash: 'x'.repeat(22) } }],
    ['with a person of another', { claims: { groups: undefined }, userInfo: { sub: 'ada-1', groups: ['admins'] } }],
    [
      'signed by a key that nobody published',
      { header: { kid: 'other' }, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
    ],
  ])('is not let in by a token %s', async (_, lies) => {
    expect(await loggedInBy(lies)).toMatchObject(failed);
  });

  it('with the key of before is not let in once the provider has another, whose tokens are taken within a minute', async () => {
    await using fresh = await falseProvider(client.id);
    await using at = await serverFor(fresh.issuer);
    const enter = async () => {
      const { location, cookie } = await begin(at);
      const asked = new URL(location).searchParams;
      fresh.nonce = asked.get('nonce') ?? '';
      return comeBack(new URL(`${client.redirectUri}?code=c&state=${asked.get('state')}`), cookie, at);
    };
    expect((await enter()).me).toMatchObject({ role: 'manager' });
    const old = fresh.rotate();
    // Keys are asked for again after a minute at the earliest.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect((await enter()).me).toMatchObject({ role: 'manager' });
    fresh.lies = { header: { kid: '1' }, key: old };
    expect(await enter()).toMatchObject(failed);
  });
});
