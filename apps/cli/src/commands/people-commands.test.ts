import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { auditGenesis, auditHash, builtInRoles, canonicalJson, ChainedAuditEvent } from '@vedette/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { runProgram } from '../testing/run-program.ts';
import { allCommands } from './index.ts';

const commands = await allCommands();
const id = '018f2c7e-0000-7000-8000-000000000001';
const servers: { close(): void }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

type Replies = Readonly<Record<string, (query: URLSearchParams) => unknown>>;

/** A platform that answers some addresses; what it was sent stands in `sent`. */
async function platform(replies: Replies) {
  const sent: { address: string; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://mock');
      const address = `${request.method} ${url.pathname.replace('/api/v1', '')}`;
      if (request.method !== 'GET') sent.push({ address, body: text === '' ? null : JSON.parse(text) });
      const reply = replies[address];
      const problem = { type: 'x', title: 'x', status: 403, code: 'FORBIDDEN', detail: 'not for you' };
      response
        .writeHead(reply ? 200 : 403, { 'content-type': 'application/json' })
        .end(JSON.stringify(reply?.(url.searchParams) ?? problem));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
}

async function run(url: string, words: readonly string[]): Promise<{ printed: string; exitCode: number }> {
  return runProgram(commands, words, { client: () => connect(url, { token: 'token' }) });
}

const grace = {
  userId: id,
  login: 'grace',
  name: 'Grace',
  role: 'reader',
  roleName: 'Reader',
  scope: null,
  createdAt: '2026-11-22T12:00:00Z',
  lastLogin: null,
  disabledAt: null,
  hasPassword: true,
  secondFactors: 1,
};
const users = { 'GET /users': () => ({ total: 1, items: [grace], next: null }) };

function chain(count: number): ChainedAuditEvent[] {
  const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();
  let before = auditGenesis;
  return Array.from({ length: count }, (_, index) => {
    const actor = { userId: id, login: 'ada', via: 'session', address: '::1', userAgent: '' };
    const rest = { action: 'createUser', outcome: 'done', target: {}, detail: { input: { login: `u${index}` } } } as const;
    const event = { organizationId: id, number: index + 1, at: '2026-11-22T12:00:00.000Z', actor, ...rest };
    before = auditHash(before, canonicalJson(event), sha256);
    return ChainedAuditEvent.parse({ ...event, hash: before });
  });
}

function auditOf(events: readonly ChainedAuditEvent[]): Replies {
  // Three at a time, whatever is asked for: pages are followed.
  const list = (query: URLSearchParams) => {
    const left = events.filter(({ number }) => number > Number(query.get('after') ?? 0));
    const items = left.slice(0, 3);
    return { total: events.length, items, next: left.length > 3 ? `${items.at(-1)?.number}` : null };
  };
  return { 'GET /audit': list };
}

describe('audit verify', () => {
  const events = chain(8);
  const head = `8:${events[7]?.hash}`;
  const edited = events.map((event) => (event.number === 5 ? { ...event, action: 'deleteUser' } : event));
  it.each([
    ['a log that is as it was written', events, [], 0, `all 8 events are as they were written\nhead ${head}`],
    ['the same, with its head', events, ['--head', head], 0, 'all 8 events'],
    ['an event that was edited', edited, [], 1, 'CHANGED at event 5, edited'],
    ['an event that is gone', events.filter(({ number }) => number !== 4), [], 1, 'CHANGED at event 4, missing'],
    ['an end that was cut off, without the head', events.slice(0, 6), [], 0, 'all 6 events'],
    ['an end that was cut off, with the head', events.slice(0, 6), ['--head', head], 1, 'CHANGED at event 7, cut-off'],
    ['a log that was emptied, with the head', [], ['--head', head], 1, 'CHANGED at event 1, cut-off'],
    ['another head', events, ['--head', `3:${'0'.repeat(64)}`], 1, 'CHANGED at event 3, edited'],
  ])('tells %s', async (_, found, options, exitCode, says) => {
    const { url } = await platform(auditOf(found));
    const result = await run(url, ['audit', 'verify', ...options]);
    expect(result).toMatchObject({ exitCode, printed: expect.stringContaining(says) });
  });

  it('gives the same as JSON, and refuses a head that is none', async () => {
    const { url } = await platform(auditOf(edited));
    expect(JSON.parse((await run(url, ['audit', 'verify', '--json'])).printed)).toMatchObject({
      head: { number: 4 },
      fault: { number: 5 },
    });
    await expect(run(url, ['audit', 'verify', '--head', 'x'])).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('users', () => {
  it('says what would change, and changes nothing, with --dry-run', async () => {
    const { url, sent } = await platform(users);
    const words = ['users', 'change', 'grace', '--role', 'scanner', '--scope', 'tag:web', '--disable', '--dry-run'];
    const { printed } = await run(url, words);
    expect(printed).toContain('role: reader → scanner\nscope: none → tag:web\ndisabled: false → true\nnothing was changed');
    expect((await run(url, ['users', 'delete', 'grace', '--dry-run'])).printed).toContain('nothing was changed');
    expect(sent).toEqual([]);
  });

  it('sends what differs, by the id of the login', async () => {
    const { url, sent } = await platform({ ...users, [`POST /users/${id}`]: () => grace });
    await run(url, ['users', 'change', 'grace', '--role', 'scanner']);
    expect(sent).toEqual([{ address: `POST /users/${id}`, body: { role: 'scanner' } }]);
    expect((await run(url, ['users', 'change', 'grace', '--role', 'reader'])).printed).toContain('nothing to change');
    expect(sent).toHaveLength(1);
  });

  it.each([
    [['users', 'create', 'x'], 'USAGE'],
    [['users', 'create', 'x', '--role', 'reader', '--scope', 'color:red'], 'USAGE'],
    [['users', 'change', 'grace', '--disable', '--enable'], 'USAGE'],
    [['users', 'change', 'nobody'], 'NOT_FOUND'],
    [['users', 'create', 'x', '--role', 'reader'], 'AUTH'],
    [['roles', 'list'], 'AUTH'],
    [['tokens', 'create', 'x'], 'AUTH'],
    [['audit', 'list'], 'AUTH'],
    [['tokens', 'create', 'x', '--permissions', 'world:rule'], 'USAGE'],
    [['tokens', 'create', 'x', '--never-expires', '--expires-in-days', '3'], 'USAGE'],
    [['roles', 'save', 'x', '--permissions', ''], 'USAGE'],
  ])('%j ends with %s', async (words, code) => {
    const { url } = await platform(users);
    await expect(run(url, words)).rejects.toMatchObject({ code });
  });
});

describe('logging out everywhere', () => {
  const ended = ({ tokens }: { tokens: string | null }) => ({ ended: 2, revokedTokens: tokens === 'revoke' ? 1 : 0 });
  const reply = (query: URLSearchParams) => ended({ tokens: query.get('tokens') });
  const replies = { ...users, 'DELETE /account/sessions': reply, [`DELETE /users/${id}/sessions`]: reply };

  it.each([[['log-out']], [['users', 'log-out', 'grace']]])(
    '%j leaves API tokens, and says so, unless it is told otherwise',
    async (words) => {
      const { url } = await platform(replies);
      expect((await run(url, words)).printed).toContain('2 sessions are ended; API tokens work on');
      expect((await run(url, [...words, '--tokens'])).printed).toContain('2 sessions are ended, 1 API token is revoked');
    },
  );
});

describe('roles and tokens', () => {
  const own = {
    role: id,
    name: 'Web',
    describes: '',
    isBuiltIn: false,
    needsScope: false,
    permissions: ['asset:read'],
    scope: null,
    users: 0,
  };
  const manager = { ...own, ...builtInRoles.manager, role: 'manager', isBuiltIn: true };
  const roles = { 'GET /roles': () => ({ items: [manager, own] }) };

  it('saves a role anew or over the one of that name, and says what it gains and loses', async () => {
    const { url, sent } = await platform({ ...roles, 'POST /roles': () => own, [`POST /roles/${id}`]: () => own });
    const words = ['roles', 'save', 'Web', '--permissions', 'asset:scan, check:read', '--scope', 'tag:web'];
    expect((await run(url, [...words, '--dry-run'])).printed).toContain(
      '+ asset:scan\n+ check:read\n- asset:read\nassets: all → tag:web\nnothing was changed',
    );
    expect(sent).toEqual([]);
    await run(url, words);
    await run(url, ['roles', 'save', 'Manager', '--permissions', 'asset:read']);
    expect(sent.map(({ address }) => address)).toEqual([`POST /roles/${id}`, 'POST /roles']);
  });

  it('makes a token that ends after 90 days unless it is told otherwise', async () => {
    const token = { apiTokenId: id, name: 'x', createdAt: '2026-11-22T12:00:00Z', expiresAt: null, secret: 'vdt_x' };
    const { url, sent } = await platform({ 'POST /api-tokens': () => token });
    expect((await run(url, ['tokens', 'create', 'x', '--permissions', 'asset:read'])).printed).toContain('vdt_x');
    await run(url, ['tokens', 'create', 'x', '--never-expires']);
    expect(sent.map(({ body }) => body)).toEqual([
      { name: 'x', expiresInDays: 90, permissions: ['asset:read'] },
      { name: 'x', expiresInDays: null, permissions: null },
    ]);
  });
});
