import { randomBytes, randomUUID } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { agentPaths, heldHeader, limits } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { revokeActivationKeyOf } from '../activation-keys/store.ts';
import {
  installAgentFixture,
  agent,
  checkIn,
  database,
  organizationId,
  server,
  stored,
  sync,
  user,
  users,
} from '../testing/agent-fixture.ts';
import { type Forgery, TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller } from '../testing/test-server.ts';

installAgentFixture({ syncDocument, throwAwayDatabase });

describe('an honest agent', () => {
  it('enrolls, checks in and syncs, and every answer proves to be the platform’s', async () => {
    const enrolled = await new TestAgent(server).enroll(await testActivationKey(server, organizationId));
    expect(enrolled).toMatchObject({ status: 200, authentic: true });
    expect(await agent.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200, authentic: true, json: { resend: [] } });
    const reply = await sync(users(user('anna')));
    expect(reply).toMatchObject({ status: 200, authentic: true, json: { results: [{ outcome: 'accepted', sequence: 1 }] } });
    const zeros = '0'.repeat(64);
    const collectors = [{ name: 'user', sequence: 1, digest: zeros, status: 'complete' }];
    expect((await agent.post(agentPaths.checkIn, { ...checkIn, collectors })).json).toMatchObject({ resend: ['user'] });
  });

  it('may send its body uncompressed', async () => {
    const body = Buffer.from(JSON.stringify(checkIn));
    expect(await agent.post(agentPaths.checkIn, null, { body, encoding: 'identity' })).toMatchObject({ status: 200 });
  });
});

describe('a document that a relay kept while the platform was away', () => {
  const ago = (seconds: number): number => Math.floor(Date.parse('2026-11-22T12:00:00Z') / 1000) - seconds;
  const held: Forgery['tamper'] = ({ headers }) => void (headers[heldHeader] = '1');

  it('is taken days later, and does nothing when it comes again', async () => {
    const document = { documents: [users(user('berta'))] };
    const request = agent.signed(agentPaths.sync, document, { created: ago(limits.heldSignatureAgeSeconds) });
    held(request);
    expect((await agent.deliver(request)).json).toMatchObject({ results: [{ outcome: 'accepted', sequence: 1 }] });
    expect((await agent.deliver(request)).json).toMatchObject({ results: [{ outcome: 'duplicate', sequence: 1 }] });
    expect(await stored('user')).toEqual([expect.objectContaining({ name: 'berta' })]);
  });

  it.each([
    [
      'that is too old for that',
      agentPaths.sync,
      { created: ago(limits.heldSignatureAgeSeconds + 1), tamper: held },
      'SIGNATURE_EXPIRED',
    ],
    [
      'that claims to live longer',
      agentPaths.sync,
      { created: ago(3600), expires: ago(-3600), tamper: held },
      'SIGNATURE_EXPIRED',
    ],
    ['that nobody says was kept', agentPaths.sync, { created: ago(600) }, 'SIGNATURE_EXPIRED'],
    [
      'that another key signed',
      agentPaths.sync,
      { created: ago(600), tamper: held, key: new TestAgent(null as never).key },
      'SIGNATURE_INVALID',
    ],
    ['whose meaning depends on now', agentPaths.checkIn, { created: ago(600), tamper: held }, 'SIGNATURE_EXPIRED'],
  ])('is refused when it is one %s', async (_what, path, forgery, code) => {
    const document = path === agentPaths.sync ? { documents: [users(user('carla'))] } : checkIn;
    expect((await agent.post(path, document, forgery)).json).toMatchObject({ code });
    expect(await stored('user')).toEqual([]);
  });
});

describe('a forged request', () => {
  const other = new TestAgent(null as never).key; // Only its key is used.
  const now = Math.floor(Date.parse('2026-11-22T12:00:00Z') / 1000);
  const forgeries: [string, string, Forgery][] = [
    ['without a signature', 'SIGNATURE_INVALID', { tamper: ({ headers }) => delete headers['signature'] }],
    ['without its parameters', 'SIGNATURE_INVALID', { tamper: ({ headers }) => delete headers['signature-input'] }],
    ['signed by another key', 'SIGNATURE_INVALID', { key: other }],
    ['with fewer covered components', 'SIGNATURE_INVALID', { components: ['@method', '@path'] }],
    ['with no covered component', 'SIGNATURE_INVALID', { components: [] }],
    [
      'whose body was changed',
      'SIGNATURE_INVALID',
      { tamper: (request) => void (request.body = zstdCompressSync(JSON.stringify({ ...checkIn, agentVersion: '2' }))) },
    ],
    [
      'whose body and digest were changed',
      'SIGNATURE_INVALID',
      {
        tamper: (request) => {
          const { headers, body } = agent.signed(agentPaths.checkIn, { ...checkIn, agentVersion: '2' });
          request.body = body;
          request.headers['content-digest'] = headers['content-digest'] ?? '';
        },
      },
    ],
    ['signed for another method', 'SIGNATURE_INVALID', { method: 'PUT' }],
    ['sent to another path', 'SIGNATURE_INVALID', { tamper: (request) => void (request.url = agentPaths.sync) }],
    ['with a query added', 'SIGNATURE_INVALID', { tamper: (request) => void (request.url += '?x=1') }],
    ['with a second question mark added', 'SIGNATURE_INVALID', { tamper: (request) => void (request.url += '??') }],
    [
      'whose content encoding was changed',
      'SIGNATURE_INVALID',
      { tamper: ({ headers }) => void (headers['content-encoding'] = 'identity') },
    ],
    ['whose content type was changed', 'SIGNATURE_INVALID', { tamper: ({ headers }) => void (headers['content-type'] = 'a/b') }],
    ['older than five minutes', 'SIGNATURE_EXPIRED', { created: now - 301, expires: now + 10 }],
    ['that has expired', 'SIGNATURE_EXPIRED', { created: now - 100, expires: now - 1 }],
    ['from the future', 'SIGNATURE_EXPIRED', { created: now + 301 }],
    ['that lives longer than allowed', 'SIGNATURE_EXPIRED', { expires: now + 301 }],
    ['of an unknown agent', 'UNKNOWN_AGENT', { keyid: randomUUID() }],
    ['of an id that is none', 'UNKNOWN_AGENT', { keyid: '-'.repeat(36) }],
    ['of a number instead of an id', 'UNKNOWN_AGENT', { keyid: '1' }],
  ];
  it.each(forgeries)('%s is refused as %s', async (_what, code, forgery) => {
    const reply = await agent.post(agentPaths.checkIn, checkIn, forgery);
    expect(reply).toMatchObject({ status: 401, authentic: true, json: { code } });
  });

  it('that bears the id of another agent is refused, and touches nothing of it', async () => {
    const other = new TestAgent(server);
    await other.enroll(await testActivationKey(server, (await testCaller(server)).organizationId));
    const reply = await other.post(agentPaths.sync, { documents: [users(user('eve'))] }, { keyid: agent.agentId });
    expect(reply).toMatchObject({ status: 401, json: { code: 'SIGNATURE_INVALID' } });
    expect(await stored('user')).toEqual([]);
  });

  it('played again is refused, for as long as its signature is valid', async () => {
    const request = agent.signed(agentPaths.checkIn, checkIn);
    expect((await agent.deliver(request)).status).toBe(200);
    expect(await agent.deliver(request)).toMatchObject({ status: 401, authentic: true, json: { code: 'REPLAYED' } });
    const before = server.clock.now;
    server.clock.now = new Date(before.getTime() + 299_000);
    expect(await agent.deliver(request)).toMatchObject({ json: { code: 'REPLAYED' } });
    server.clock.now = new Date(before.getTime() + 301_000);
    expect(await agent.deliver(request)).toMatchObject({ json: { code: 'SIGNATURE_EXPIRED' } });
    server.clock.now = before;
  });

  it('sent many times at once is taken once', async () => {
    const request = agent.signed(agentPaths.checkIn, checkIn);
    const replies = await Promise.all(Array.from({ length: 8 }, () => agent.deliver(request)));
    expect(replies.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, ...Array.from({ length: 7 }, () => 401)]);
  });

  it('cannot take the nonce of an honest one: it never gets that far', async () => {
    const nonce = randomBytes(18).toString('base64url');
    expect((await agent.post(agentPaths.checkIn, checkIn, { key: other, nonce })).status).toBe(401);
    expect((await agent.post(agentPaths.checkIn, checkIn, { nonce })).status).toBe(200);
  });

  it('to a name that is not ours is refused with a signed answer', async () => {
    const tamper: Forgery['tamper'] = ({ headers }) => void (headers['host'] = 'rebound.example');
    const reply = await agent.post(agentPaths.checkIn, checkIn, { tamper });
    expect(reply).toMatchObject({ status: 400, authentic: true, json: { code: 'MALFORMED' } });
  });
});

describe('enrollment', () => {
  const refused = { status: 403, authentic: true, json: { code: 'ACTIVATION_KEY_REFUSED' } };

  async function usesOf(id: string): Promise<number | undefined> {
    return (await database.db.selectFrom('activationKey').select('uses').where('id', '=', id).executeTakeFirst())?.uses;
  }

  it('gives the same answer to the same key again and counts one use', async () => {
    const id = randomUUID();
    const secret = await testActivationKey(server, organizationId, { id, maxUses: 1 });
    const fresh = new TestAgent(server);
    const first = await fresh.enroll(secret);
    expect(await fresh.enroll(secret)).toEqual(first);
    expect(await usesOf(id)).toBe(1);
  });

  it('gives one answer to one key that asks several times at once', async () => {
    const id = randomUUID();
    const secret = await testActivationKey(server, organizationId, { id, maxUses: 1 });
    const fresh = new TestAgent(server);
    const replies = await Promise.all([1, 2, 3, 4].map(() => fresh.enroll(secret)));
    expect(new Set(replies.map(({ status, json }) => `${status} ${String(json['agentId'])}`)).size).toBe(1);
    expect(replies[0]?.status).toBe(200);
    expect(await usesOf(id)).toBe(1);
  });

  it('gives the last use of a key to one of several agents that come at once', async () => {
    const secret = await testActivationKey(server, organizationId, { maxUses: 1 });
    const replies = await Promise.all([1, 2, 3].map(() => new TestAgent(server).enroll(secret)));
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403, 403]);
  });

  it('is refused with a key that is unknown, expired, used up or revoked', async () => {
    const { now } = server.clock;
    const usedUp = await testActivationKey(server, organizationId, { maxUses: 0 });
    const expired = await testActivationKey(server, organizationId, { expiresAt: now });
    const id = randomUUID();
    const revoked = await testActivationKey(server, organizationId, { id });
    await revokeActivationKeyOf(database.db, organizationId, id, now);
    for (const secret of ['vdk_never-given-out', usedUp, expired, revoked]) {
      expect(await new TestAgent(server).enroll(secret)).toMatchObject(refused);
    }
  });

  it('of one key signed by another is refused', async () => {
    const secret = await testActivationKey(server, organizationId);
    const [fresh, thief] = [new TestAgent(server), new TestAgent(server)];
    const invalid = { status: 401, authentic: true, json: { code: 'SIGNATURE_INVALID' } };
    expect(await fresh.enroll(secret, { key: thief.key })).toMatchObject(invalid);
    const keyid = thief.publicKey.toString('base64url');
    expect(await fresh.enroll(secret, { key: thief.key, keyid })).toMatchObject(invalid);
  });

  it('of a key with a byte too many is refused: it would pass under many names', async () => {
    const fresh = new TestAgent(server);
    const long = Buffer.concat([fresh.publicKey, Buffer.from([7])]);
    const secret = await testActivationKey(server, organizationId);
    const reply = await fresh.enroll(secret, { keyid: long.toString('base64url') }, { publicKey: long.toString('base64') });
    expect(reply).toMatchObject({ status: 401, json: { code: 'SIGNATURE_INVALID' } });
  });

  it('unpacks little for a stranger', async () => {
    const body = zstdCompressSync(Buffer.alloc(limits.enrollDocumentBytes + 1, 0x20));
    expect(await new TestAgent(server).enroll('vdk_whatever', { body })).toMatchObject({
      status: 413,
      authentic: true,
      json: { code: 'TOO_LARGE' },
    });
    const large = randomBytes(limits.enrollDocumentBytes + 1);
    expect(await new TestAgent(server).enroll('vdk_whatever', { body: large })).toMatchObject({ status: 413, authentic: true });
  });
});

describe('a signed body that is', () => {
  const zstd = (text: string): Buffer => zstdCompressSync(text);
  const bodies: [string, string, () => Forgery][] = [
    ['a bomb', 'TOO_LARGE', () => ({ body: zstdCompressSync(Buffer.alloc(limits.agentDocumentBytes + 1)) })],
    ['above 4 MiB', 'TOO_LARGE', () => ({ body: randomBytes(limits.agentBodyBytes + 1) })],
    ['cut off', 'MALFORMED', () => ({ body: zstd(JSON.stringify(checkIn)).subarray(0, -5) })],
    ['no zstd', 'MALFORMED', () => ({ body: Buffer.from('{}') })],
    ['compressed in another way', 'MALFORMED', () => ({ body: Buffer.from('{}'), encoding: 'gzip' })],
    ['empty', 'MALFORMED', () => ({ body: Buffer.alloc(0), encoding: 'identity' })],
    ['no JSON', 'MALFORMED', () => ({ body: zstd('<html>') })],
    ['no UTF-8', 'MALFORMED', () => ({ body: zstdCompressSync(Buffer.from([0xff, 0xfe])) })],
    ['nested a million deep', 'MALFORMED', () => ({ body: zstd('['.repeat(1e6) + ']'.repeat(1e6)) })],
    ['JSON of another schema', 'MALFORMED', () => ({ body: zstd('{"agentVersion":7}') })],
    ['null', 'MALFORMED', () => ({ body: zstd('null') })],
  ];
  it.each(bodies)('%s is refused as %s', async (_what, code, forgery) => {
    const reply = await agent.post(agentPaths.checkIn, null, forgery());
    expect(reply).toMatchObject({ authentic: true, json: { code } });
    expect(reply.status).toBe(code === 'TOO_LARGE' ? 413 : 400);
  });
});

it('a window above 8 MiB is not granted: the sender would choose what the platform allocates', async () => {
  // A frame of the zstd format (RFC 8878 §3.1.1) with a window of 16 MiB and one empty block; Node alone would take it.
  const body = Buffer.from('28b52ffd0070010000', 'hex');
  expect(zstdDecompressSync(body)).toHaveLength(0);
  const reply = await agent.post(agentPaths.checkIn, null, { body });
  expect(reply).toMatchObject({ status: 400, json: { code: 'MALFORMED', detail: 'The body is not valid zstd.' } });
});
