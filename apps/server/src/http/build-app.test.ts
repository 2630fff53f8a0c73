import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { type Endpoint, endpoints, limits } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import type { FastifyInstance } from 'fastify';
import { Pool } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.ts';
import { type Config, readConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { loadPlatformKey } from '../platform-key.ts';
import { Sealer } from '../sealing/sealer.ts';
import { insertOrganization, insertUser } from '../users/store.ts';
import { KnowledgeKeeper } from '../knowledge/knowledge-keeper.ts';
import { checkReplies } from '../testing/check-replies.ts';
import { buildApp } from './build-app.ts';

let database: ThrowAwayDatabase;
let pool: Pool;
let app: FastifyInstance;
/** Of all that the tests build. */
let fleetIndex: FleetIndex | null = null;
const complaints: (() => void)[] = [];
let now = new Date('2026-11-22T12:00:00Z');
const consoleDirectory = mkdtempSync(join(tmpdir(), 'vedette-console-'));
const password = 'correct horse battery';

beforeAll(async () => {
  mkdirSync(join(consoleDirectory, 'static'));
  writeFileSync(join(consoleDirectory, 'index.html'), '<title>console</title>');
  writeFileSync(join(consoleDirectory, 'static/app-1a2b.js'), '');
  writeFileSync(join(consoleDirectory, 'static/style-3c4d.css'), 'body {}');
  writeFileSync(join(consoleDirectory, 'static/style-3c4d.css.br'), brotliCompressSync('body {}'));
  database = await throwAwayDatabase();
  pool = new Pool(database.connection);
  const passwordHash = await hashPassword(password);
  for (const [login, role] of [
    ['admin', 'manager'],
    ['reader', 'reader'],
    ['stranger', 'manager'],
  ] as const) {
    const organizationId = login === 'reader' ? await organizationOf('admin') : randomUUID();
    if (login !== 'reader') await insertOrganization(database.db, { id: organizationId, name: `of ${login}`, createdAt: now });
    await insertUser(database.db, { id: randomUUID(), organizationId, login, passwordHash, role, createdAt: now });
  }
  app = await appFor({});
}, 60_000);

afterAll(async () => {
  await app.close();
  await pool.end();
  await database[Symbol.asyncDispose]();
  rmSync(consoleDirectory, { recursive: true });
  for (const complain of complaints) complain();
});

async function organizationOf(login: string): Promise<string> {
  const row = await database.db
    .selectFrom('appUser')
    .select('organizationId')
    .where('login', '=', login)
    .executeTakeFirstOrThrow();
  return row.organizationId;
}

async function appFor(change: Partial<Config>): Promise<FastifyInstance> {
  const config: Config = { ...readConfig({}), consoleDirectory, logLevel: 'silent', ...change };
  const { db } = database;
  const platformKey = await loadPlatformKey(db);
  const base = { db, clock: () => now, log: pino({ level: 'silent' }) };
  fleetIndex ??= new FleetIndex(base);
  const sealer = new Sealer(() => []);
  const context: Context = { ...base, config, pool, fleetIndex, platformKey, sealer, startedAt: now };
  const built = await buildApp(context, new KnowledgeKeeper(context));
  complaints.push(checkReplies(built));
  return built;
}

function logIn(login: string, secret: string = password, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: '/api/v1/session', headers, payload: { login, password: secret } });
}

async function cookieOf(login: string): Promise<string> {
  const [cookie] = (await logIn(login)).cookies;
  return `${cookie?.name}=${cookie?.value}`;
}

async function tokenOf(login: string): Promise<{ headers: { authorization: string }; apiTokenId: string }> {
  const headers = { cookie: await cookieOf(login), 'sec-fetch-site': 'same-origin' };
  const reply = await app.inject({
    method: 'POST',
    url: '/api/v1/api-tokens',
    headers,
    payload: { name: 'test', expiresInDays: 2 },
  });
  const { secret, apiTokenId } = reply.json<{ secret: string; apiTokenId: string }>();
  return { headers: { authorization: `Bearer ${secret}` }, apiTokenId };
}

describe('sessions', () => {
  it('opens one with a cookie that scripts and other sites cannot use', async () => {
    const reply = await logIn('admin');
    expect(reply.json()).toMatchObject({ login: 'admin', role: 'manager', organization: 'of admin' });
    expect(reply.cookies[0]).toMatchObject({ name: 'vedette-session', httpOnly: true, sameSite: 'Strict', path: '/' });
  });

  it.each([
    ['a wrong password', 'admin', 'wrong'],
    ['an unknown login', 'nobody', password],
  ])('gives the same answer to %s', async (_what, login, secret) => {
    const reply = await logIn(login, secret);
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.json()).toMatchObject({ code: 'LOGIN_FAILED', detail: 'There is no such login with this password' });
  });

  it('ends at logout', async () => {
    const cookie = await cookieOf('admin');
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode).toBe(200);
    const out = await app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    });
    expect(out.json()).toEqual({ ended: true });
    expect((await app.inject({ url: '/api/v1/session', headers: { cookie } })).json()).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('ends after twelve hours', async () => {
    const cookie = await cookieOf('admin');
    const before = now;
    now = new Date(before.getTime() + 12 * 3_600_000);
    const reply = await app.inject({ url: '/api/v1/session', headers: { cookie } });
    now = before;
    expect(reply.statusCode).toBe(401);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['no origin at all', {}, 403],
    ['our own page', { origin: 'http://localhost' }, 200],
  ])('answers a change with a cookie from %s as it must', async (_what, headers, status) => {
    const cookie = await cookieOf('admin');
    const reply = await app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: { cookie, host: 'localhost', ...headers },
    });
    expect(reply.statusCode).toBe(status);
  });
});

describe('API tokens and roles', () => {
  it('lets a token act for its owner until it is revoked or two days are over', async () => {
    const { headers, apiTokenId } = await tokenOf('admin');
    const ask = () => app.inject({ url: '/api/v1/activation-keys', headers });
    expect((await ask()).statusCode).toBe(200);
    const before = now;
    now = new Date(before.getTime() + 2 * 86_400_000);
    expect((await ask()).statusCode).toBe(401);
    now = before;
    await app.inject({ method: 'DELETE', url: `/api/v1/api-tokens/${apiTokenId}`, headers });
    expect((await ask()).statusCode).toBe(401);
  });

  it('lets a reader read and not write', async () => {
    const cookie = await cookieOf('reader');
    expect((await app.inject({ url: '/api/v1/activation-keys', headers: { cookie } })).statusCode).toBe(200);
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    const reply = await app.inject({ method: 'POST', url: '/api/v1/activation-keys', headers, payload: { name: 'x' } });
    expect(reply.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('hides the things of another organization', async () => {
    const { headers } = await tokenOf('admin');
    const made = await app.inject({ method: 'POST', url: '/api/v1/activation-keys', headers, payload: { name: 'ours' } });
    const url = `/api/v1/activation-keys/${made.json<{ activationKeyId: string }>().activationKeyId}`;
    const stranger = await tokenOf('stranger');
    expect((await app.inject({ method: 'DELETE', url, headers: stranger.headers })).json()).toMatchObject({ code: 'NOT_FOUND' });
    expect((await app.inject({ url: '/api/v1/activation-keys', headers: stranger.headers })).json()).toEqual({ items: [] });
    expect((await app.inject({ method: 'DELETE', url, headers })).json()).toEqual({ revoked: true });
  });
});

describe('hostile and odd requests', () => {
  it.each([
    ['malformed JSON', '{', 400, 'BAD_REQUEST'],
    ['a body of another shape', '{"login":1}', 400, 'BAD_REQUEST'],
    ['an oversized body', JSON.stringify({ login: 'x'.repeat(limits.apiBodyBytes) }), 413, 'BODY_TOO_LARGE'],
  ])('answers %s with a problem', async (_what, payload, status, code) => {
    const headers = { 'content-type': 'application/json' };
    const reply = await app.inject({ method: 'POST', url: '/api/v1/session', headers, payload });
    expect(reply.json()).toMatchObject({ status, code });
  });

  it('does not answer to a foreign name on loopback', async () => {
    expect((await app.inject({ url: '/livez', headers: { host: 'rebound.example' } })).statusCode).toBe(400);
  });

  it('stops answering to many logins from one address', async () => {
    const limited = await appFor({});
    const attempt = () => limited.inject({ method: 'POST', url: '/api/v1/session', payload: {} });
    const codes = [];
    for (let n = 0; n < 21; n += 1) codes.push((await attempt()).statusCode);
    await limited.close();
    expect(codes.at(-2)).toBe(400);
    expect(codes.at(-1)).toBe(429);
  });
});

describe('the end', () => {
  it('answers what is under way, and then lets the connection go', async () => {
    const ending = await appFor({});
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    ending.get('/slow', async () => {
      arrived.resolve();
      return answer.promise;
    });
    const url = await ending.listen({ host: '127.0.0.1', port: 0 });
    const asked = fetch(`${url}/slow`);
    await arrived.promise;
    const closed = ending.close();
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
    answer.resolve('late');
    const reply = await asked;
    expect([reply.status, reply.headers.get('connection'), await reply.text()]).toEqual([200, 'close', 'late']);
    await closed;
  });
});

describe('pages and health', () => {
  it('is healthy, but not ready, while the fleet index is being built', async () => {
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
    const reply = await app.inject({ url: '/readyz' });
    expect([reply.statusCode, reply.headers['retry-after']]).toEqual([503, '5']);
    await fleetIndex?.current(randomUUID());
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(200);
  });

  it.each(['/livez', '/healthz', '/stub_status', '/api/openapi.json'])('serves %s', async (url) => {
    expect((await app.inject({ url })).statusCode).toBe(200);
  });

  it('gives the console to deep links, under a strict policy and without forcing https', async () => {
    const reply = await app.inject({ url: '/assets/some-page', headers: { accept: 'text/html' } });
    expect(reply.body).toBe('<title>console</title>');
    expect(reply.headers['content-security-policy']).toContain("script-src 'self'");
    expect(reply.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  it('lets hashed files be kept and nothing else', async () => {
    expect((await app.inject({ url: '/static/app-1a2b.js' })).headers['cache-control']).toContain('immutable');
    expect((await app.inject({ url: '/index.html' })).headers['cache-control']).toBe('no-cache');
  });

  it('sends the compressed copy of a file to those who take it, and caches in between know that there are two', async () => {
    const ask = (encodings: string) => app.inject({ url: '/static/style-3c4d.css', headers: { 'accept-encoding': encodings } });
    const [plain, brotli] = [await ask('identity'), await ask('gzip, br')];
    expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, 'body {}']);
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe('body {}');
    expect(brotli.headers['content-type']).toContain('text/css');
    expect(brotli.headers['cache-control']).toContain('immutable');
    for (const reply of [plain, brotli]) expect(String(reply.headers['vary']).toLowerCase()).toContain('accept-encoding');
  });

  it.each(['/api/v1/nothing', '/agent/v1/nothing', '/static/gone.js'])('never answers %s with the console', async (url) => {
    expect((await app.inject({ url, headers: { accept: 'text/html' } })).json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says so when the console was not built', async () => {
    const bare = await appFor({ consoleDirectory: '/nonexistent' });
    const reply = await bare.inject({ url: '/', headers: { accept: 'text/html' } });
    await bare.close();
    expect(reply.body).toContain('has not been built');
  });
});

describe('endpoints', () => {
  it.each(Object.values(endpoints) as Endpoint[])('$name is served (once: a second time would not start)', ({ method, path }) => {
    expect(app.hasRoute({ method, url: `/api/v1${path}` })).toBe(true);
  });

  it.each((Object.values(endpoints) as Endpoint[]).filter((one) => one.permission !== 'public'))(
    '$name refuses a caller who has not logged in',
    async ({ method, path }) => {
      const reply = await app.inject({ method, url: `/api/v1${path.replace(/:\w+/g, randomUUID())}` });
      expect(reply.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );
});
