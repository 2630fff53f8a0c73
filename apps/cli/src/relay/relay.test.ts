import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  agentPaths,
  contentDigest,
  heldHeader,
  limits,
  requestComponents,
  serializeParameters,
  targetSha256,
} from '@vedette/protocol';
import { eventually, rawExchange, ReleaseOrigin } from '@vedette/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Relay, type RelayOptions } from './relay.ts';

let directory = '';
let origin: ReleaseOrigin;
let stack: AsyncDisposableStack;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-relay-'));
  stack = new AsyncDisposableStack();
  origin = stack.use(await ReleaseOrigin.start());
});
afterEach(async () => {
  await stack.disposeAsync();
  rmSync(directory, { recursive: true });
});

async function start(changes: Partial<RelayOptions> = {}): Promise<Relay> {
  return stack.use(
    await Relay.start({
      platform: new URL(origin.url),
      edgeToken: '',
      listen: { host: '127.0.0.1', port: 0 },
      tls: null,
      directory: join(directory, 'one'),
      cacheBytes: 1e9,
      holdBytes: 1e6,
      log: () => undefined,
      ...changes,
    }),
  );
}

async function ask(relay: Relay, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const reply = await fetch(`${relay.url}${path}`, { headers, method });
  return { status: reply.status, headers: reply.headers, body: Buffer.from(await reply.arrayBuffer()) };
}

describe('what a relay hands out', () => {
  const large = randomBytes(3_000_000);

  it('fetches an object once for all, keeps it, and goes on without the platform', async () => {
    const relay = await start({ edgeToken: 'relays-of-ours' });
    const path = origin.addTarget(large);
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(relay, path)));
    expect(replies.every(({ status, body }) => status === 200 && body.equals(large))).toBe(true);
    expect(origin.asked(path)).toBe(1);
    expect(origin.requests[0]?.headers).toMatchObject({
      'vedette-edge-token': 'relays-of-ours',
      via: expect.stringContaining('vedette-'),
    });
    await eventually('the end of the download', 5000, () => (relay.status.cache.objects === 1 ? true : null));
    await origin.goAway();
    const kept = await ask(relay, path);
    expect([kept.status, kept.body.equals(large), kept.headers.get('cache-status')]).toEqual([200, true, 'vedette-relay; hit']);
    expect(kept.headers.get('cache-control')).toContain('immutable');
  });

  it.each([
    ['bytes=0-0', 206, 0, 1],
    ['bytes=2999990-', 206, 2_999_990, 3_000_000],
    ['bytes=-7', 206, 2_999_993, 3_000_000],
    ['bytes=100-99999999', 206, 100, 3_000_000],
    ['bytes=3000000-', 416, 0, 0],
    ['bytes=-0', 416, 0, 0],
    ['bytes=9-5', 200, 0, 3_000_000],
    ['bytes=0-1,5-6', 200, 0, 3_000_000],
    ['pages=1-2', 200, 0, 3_000_000],
  ])('answers the range %s with %d, while it is fetched and after', async (range, status, first, end) => {
    const relay = await start();
    const path = origin.addTarget(large);
    for (const reply of [await ask(relay, path, { range }), await ask(relay, path, { range })]) {
      expect([reply.status, reply.body.equals(large.subarray(first, end))]).toEqual([status, true]);
    }
  });

  it('answers HEAD, If-None-Match and If-Range as HTTP has it', async () => {
    const relay = await start();
    const path = origin.addTarget(large);
    const etag = `"${targetSha256(path)}"`;
    const head = await ask(relay, path, {}, 'HEAD');
    expect([head.headers.get('content-length'), head.headers.get('etag'), head.body.length]).toEqual(['3000000', etag, 0]);
    expect((await ask(relay, path, { 'if-none-match': etag })).status).toBe(304);
    expect((await ask(relay, path, { range: 'bytes=0-1', 'if-range': etag })).status).toBe(206);
    expect((await ask(relay, path, { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });

  it('hands out nothing of a small altered object, and no large one whole, and keeps neither', async () => {
    const relay = await start();
    const [small, big] = [origin.addTarget(Buffer.from('signed')), origin.addTarget(large, 'content/rules/1.zst')];
    origin.fault = { altersBytes: true };
    for (const path of [small, big]) await expect(ask(relay, path)).rejects.toThrow(/terminated|fetch failed/);
    expect(relay.status.cache).toMatchObject({ objects: 0, bytes: 0 });
    origin.fault = null;
    expect((await ask(relay, small)).body.toString()).toBe('signed');
    expect((await ask(relay, big)).body.equals(large)).toBe(true);
  });

  it('goes on at the byte where the connection to the platform broke', async () => {
    const relay = await start();
    const path = origin.addTarget(large);
    origin.fault = { cutsAfterBytes: 1_000_000 };
    expect((await ask(relay, path)).body.equals(large)).toBe(true);
    expect(origin.requests.length).toBeGreaterThanOrEqual(3);
    const from = origin.requests.slice(1).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]));
    expect(from.every((byte, index) => byte > (from[index - 1] ?? 0))).toBe(true);
  });

  it('notices what a disk has changed since, and fetches it again', async () => {
    const path = origin.addTarget(large);
    const file = join(directory, 'one/targets', targetSha256(path).slice(0, 2), targetSha256(path));
    {
      const first = await start();
      await ask(first, path);
      await eventually('the file', 5000, () => (existsSync(file) ? true : null));
      await first[Symbol.asyncDispose]();
    }
    appendFileSync(file, 'x');
    writeFileSync(join(directory, 'one/targets/left-behind.part'), 'half');
    const second = await start();
    expect((await ask(second, path)).body.equals(large)).toBe(true);
    expect(origin.asked(path)).toBe(2);
    expect(readdirSync(join(directory, 'one/targets'))).not.toContain('left-behind.part');
  });

  it('removes what was not asked for longest when the room is used up', async () => {
    const relay = await start({ cacheBytes: 2500 });
    const paths = ['a', 'b', 'c'].map((letter) => origin.addTarget(Buffer.alloc(1000, letter), `content/rules/${letter}.zst`));
    for (const path of [...paths.slice(0, 2), paths[0] ?? '', paths[2] ?? '']) {
      await ask(relay, path);
      await eventually('the end of it', 5000, () =>
        relay.status.cache.fetches === relay.status.cache.objects + (path === paths[2] ? 1 : 0) ? true : null,
      );
    }
    expect(relay.status.cache).toMatchObject({ objects: 2, bytes: 2000, fetches: 3 });
    await ask(relay, paths[0] ?? '');
    expect(relay.status.cache.fetches).toBe(3);
    await ask(relay, paths[1] ?? '');
    expect(relay.status.cache.fetches).toBe(4);
  });

  it('keeps metadata for ever, a timestamp shortly, and it longer while the platform is away', async () => {
    const relay = await start();
    const [root, timestamp] = [origin.addMetadata('root', 1), origin.addMetadata('timestamp', 5)];
    for (const path of [root, root, timestamp, timestamp]) expect((await ask(relay, path)).status).toBe(200);
    expect([origin.asked(root), origin.asked(timestamp)]).toEqual([1, 1]);
    await origin.goAway();
    expect((await ask(relay, root)).status).toBe(200);
    const kept = await ask(relay, timestamp);
    expect([kept.status, kept.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect((await ask(relay, '/tuf/3.snapshot.json')).status).toBe(503);
  });

  it('asks once for a root that is not there', async () => {
    const relay = await start();
    for (let n = 0; n < 3; n += 1) expect((await ask(relay, '/tuf/2.root.json')).status).toBe(404);
    expect(origin.asked('/tuf/2.root.json')).toBe(1);
  });

  it.each([
    ['a page of a captive portal', '/tuf/1.root.json', '<html>log in</html>'],
    ['metadata of another version', '/tuf/1.root.json', '{"signed":{"_type":"root","version":2}}'],
    ['metadata of another role', '/tuf/1.snapshot.json', '{"signed":{"_type":"targets","version":1}}'],
  ])('keeps no %s in the place of metadata', async (_what, path, text) => {
    const relay = await start();
    origin.files.set(path, Buffer.from(text));
    expect((await ask(relay, path)).status).toBe(502);
    const [, role = ''] = path.split('.');
    origin.addMetadata(role, 1);
    expect((await ask(relay, path)).status).toBe(200);
  });

  it('passes on how long the platform wants to be left alone', async () => {
    const relay = await start();
    const path = origin.addTarget(large);
    origin.fault = { status: 503, headers: { 'retry-after': '17' } };
    const reply = await ask(relay, path);
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '17']);
  });

  it('stands behind another relay', async () => {
    const outer = await start();
    const inner = await start({ platform: new URL(outer.url), directory: join(directory, 'two') });
    const path = origin.addTarget(large);
    expect((await ask(inner, path)).body.equals(large)).toBe(true);
    expect(origin.requests[0]?.headers.via).toMatch(/^1\.1 vedette-\w+$/);
  });

  it('notices that it points to itself', async () => {
    const port = Number(new URL((await start()).url).port);
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
    origin = stack.use(await ReleaseOrigin.start());
    const self = await start({ platform: new URL(`http://127.0.0.1:${port}`), listen: { host: '127.0.0.1', port } });
    expect((await ask(self, '/tuf/timestamp.json')).status).toBe(503);
    expect(self.status.platform.problem).toBe(null);
    const posted = await fetch(`${self.url}${agentPaths.checkIn}`, { method: 'POST', body: 'x' });
    expect(posted.status).toBe(508);
  });
});

describe('what agents say through a relay', () => {
  const agentId = 'a-known-agent';

  function signedHeaders(body: string, keyid = agentId): Record<string, string> {
    const now = Math.floor(Date.now() / 1000);
    const nonce = randomBytes(18).toString('base64url');
    const parameters = {
      components: [...requestComponents],
      created: now,
      expires: now + 300,
      nonce,
      keyid,
      alg: 'ed25519' as const,
    };
    return {
      'content-type': 'application/json',
      'content-encoding': 'zstd',
      'content-digest': contentDigest(createHash('sha256').update(body).digest('base64')),
      'signature-input': `vedette=${serializeParameters(parameters)}`,
      signature: `vedette=:${'A'.repeat(86)}==:`,
    };
  }

  async function post(relay: Relay, path: string, body: string, headers: Record<string, string> = signedHeaders(body)) {
    const reply = await fetch(`${relay.url}${path}`, { method: 'POST', body, headers });
    return { status: reply.status, headers: reply.headers, body: await reply.text() };
  }

  const taken = {
    status: 200,
    headers: { signature: 'vedette=:x:', 'signature-input': 'y', 'content-digest': 'z' },
    body: '{"results":[]}',
  };

  it('passes both ways as it is', async () => {
    const relay = await start();
    origin.onPost = () => ({ ...taken, headers: { ...taken.headers, 'set-cookie': 'a=b', 'vedette-request-nonce': 'n' } });
    const headers = signedHeaders('document');
    const reply = await post(relay, agentPaths.sync, 'document', { ...headers, cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' });
    expect([reply.status, reply.body, reply.headers.get('signature')]).toEqual([200, taken.body, 'vedette=:x:']);
    expect([reply.headers.get('vedette-request-nonce'), reply.headers.get('set-cookie')]).toEqual(['n', null]);
    const [passed] = origin.posted;
    expect(passed).toMatchObject({ path: agentPaths.sync, body: 'document', headers });
    expect(passed?.headers).not.toHaveProperty('cookie');
    expect(passed?.headers).not.toHaveProperty('x-forwarded-for');
  });

  it.each([
    [401, '{"code":"SIGNATURE_INVALID"}'],
    [503, '{"code":"BUSY"}'],
    [500, ''],
  ])('passes the platform’s own %d on', async (status, body) => {
    const relay = await start();
    origin.onPost = () => ({ status, body, headers: { signature: 'vedette=:x:', 'retry-after': '9' } });
    const reply = await post(relay, agentPaths.sync, 'document');
    expect([reply.status, reply.body, reply.headers.get('retry-after')]).toEqual([status, body, '9']);
    expect(relay.status.held.requests).toBe(0);
  });

  async function known(changes: Partial<RelayOptions> = {}): Promise<Relay> {
    const relay = await start(changes);
    origin.onPost = () => taken;
    await post(relay, agentPaths.checkIn, 'hello');
    origin.posted.splice(0);
    return relay;
  }

  it('holds documents while the platform is away, claims nothing, and delivers them later, also after a restart', async () => {
    const relay = await known();
    await origin.goAway();
    const headers = signedHeaders('one');
    const reply = await post(relay, agentPaths.sync, 'one', headers);
    expect([reply.status, reply.headers.get('vedette-relay'), reply.headers.get(heldHeader)]).toEqual([503, 'unreachable', '1']);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(30);
    expect(reply.headers.get('signature')).toBeNull();
    await post(relay, agentPaths.sync, 'two');
    await post(relay, agentPaths.sync, 'one'); // the agent tries again
    expect(relay.status.held).toMatchObject({ requests: 2, bytes: 6 });
    await relay[Symbol.asyncDispose]();
    await origin.comeBack();
    const again = await start();
    await eventually('delivery', 10_000, () => (again.status.held.requests === 0 ? true : null));
    expect(origin.posted.map(({ body, headers: sent }) => [body, sent[heldHeader]])).toEqual([
      ['one', '1'],
      ['two', '1'],
    ]);
    expect(again.status.held).toMatchObject({ delivered: 2, dropped: 0, bytes: 0 });
    expect(headers['content-digest']).toBe(origin.posted[0]?.headers['content-digest']);
  });

  it('delivers when it sees that the platform is back', async () => {
    const relay = await known();
    await origin.goAway();
    await post(relay, agentPaths.sync, 'one');
    await origin.comeBack();
    await post(relay, agentPaths.checkIn, 'hello');
    await eventually('delivery', 10_000, () => (relay.status.held.delivered === 1 ? true : null));
    expect(relay.status.held.requests).toBe(0);
  });

  it('drops what the platform refuses, and keeps what it is too busy for', async () => {
    const relay = await known();
    await origin.goAway();
    await post(relay, agentPaths.sync, 'one');
    origin.onPost = () => ({ status: 503, headers: { signature: 'x' } });
    await origin.comeBack();
    await eventually('an attempt', 10_000, () => (origin.posted.length > 0 ? true : null));
    expect(relay.status.held.requests).toBe(1);
    origin.onPost = () => ({ status: 401, headers: { signature: 'x' } });
    await eventually('the refusal', 10_000, () => (relay.status.held.requests === 0 ? true : null));
    expect(relay.status.held).toMatchObject({ delivered: 0, dropped: 1 });
  });

  it.each([
    ['of an agent that the platform has not accepted here', agentPaths.sync, () => signedHeaders('x', 'a-stranger')],
    ['without a signature of ours', agentPaths.sync, () => ({ 'content-type': 'application/json' })],
    ['whose digest is another body’s', agentPaths.sync, () => signedHeaders('y')],
    ['whose meaning depends on now', agentPaths.checkIn, () => signedHeaders('x')],
    ['that waits for orders', agentPaths.orders, () => signedHeaders('x')],
    ['of a new agent', agentPaths.enroll, () => signedHeaders('x')],
  ])('does not hold a request %s', async (_what, path, headers) => {
    const relay = await known();
    await origin.goAway();
    const reply = await post(relay, path, 'x', headers());
    expect([reply.status, reply.headers.get(heldHeader), relay.status.held.requests]).toEqual([503, null, 0]);
  });

  it('holds no more than it has room for, and of one agent only a few', async () => {
    const relay = await known({ holdBytes: 1000 });
    await origin.goAway();
    expect((await post(relay, agentPaths.sync, 'x'.repeat(1001))).headers.get(heldHeader)).toBeNull();
    for (let n = 0; n < 20; n += 1) await post(relay, agentPaths.sync, `document ${n}`);
    expect(relay.status.held.requests).toBe(16);
  });

  it('holds once, at the last relay before the platform', async () => {
    const outer = await start();
    const inner = await known({ platform: new URL(outer.url), directory: join(directory, 'two') });
    await origin.goAway();
    const reply = await post(inner, agentPaths.sync, 'one');
    expect([reply.status, reply.headers.get(heldHeader)]).toEqual([503, '1']);
    expect([inner.status.held.requests, outer.status.held.requests]).toEqual([0, 1]);
    await origin.comeBack();
    await eventually('delivery', 10_000, () => (origin.posted.length > 0 ? true : null));
    expect(origin.posted[0]).toMatchObject({ body: 'one', headers: { [heldHeader]: '1' } });
  });

  it.each([
    ['without a length', { 'transfer-encoding': 'chunked' }, 413],
    ['that is too long', { 'content-length': String(limits.agentBodyBytes + 1) }, 413],
  ])('refuses a body %s before it is read', async (_what, headers, status) => {
    const relay = await start();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(`${relay.url}${agentPaths.sync}`, { method: 'POST', headers }, (reply) =>
      resolve(reply.statusCode ?? 0),
    );
    sent.on('error', reject);
    sent.flushHeaders();
    expect(await promise).toBe(status);
    sent.destroy();
    expect(origin.posted).toEqual([]);
  });
});

describe('a relay against hostile requests', () => {
  it.each([
    ['another host in absolute form', 'GET http://other.example/tuf/timestamp.json HTTP/1.1\r\nHost: other.example', 404],
    ['a tunnel', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443', null],
    ['another method', 'DELETE /tuf/timestamp.json HTTP/1.1\r\nHost: x', 405],
    ['TRACE', 'TRACE /tuf/timestamp.json HTTP/1.1\r\nHost: x', 405],
    ['to read what agents send', `GET ${agentPaths.sync} HTTP/1.1\r\nHost: x`, 405],
    ['to send where is only read', 'POST /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0', 405],
    ['a query of an agent', `POST ${agentPaths.sync}?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0`, 405],
    ['the API', 'GET /api/v1/session HTTP/1.1\r\nHost: x', 404],
    ['the console', 'GET / HTTP/1.1\r\nHost: x', 404],
    ['metrics', 'GET /metrics HTTP/1.1\r\nHost: x', 404],
    ['a folder above', 'GET /targets/../../held.db HTTP/1.1\r\nHost: x', 404],
    ['an escaped folder above', 'GET /targets/%2e%2e/held.db HTTP/1.1\r\nHost: x', 404],
    ['dots that lead to a good name', 'GET /x/../tuf/timestamp.json HTTP/1.1\r\nHost: x', 404],
    ['an escaped letter', 'GET /tuf/%74imestamp.json HTTP/1.1\r\nHost: x', 404],
    ['a query', 'GET /tuf/timestamp.json?1 HTTP/1.1\r\nHost: x', 404],
    ['a backslash', 'GET \\tuf\\timestamp.json HTTP/1.1\r\nHost: x', 400],
    ['a body', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', 400],
    [
      'length and chunks',
      'POST /agent/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0',
      400,
    ],
    ['two lengths', 'POST /agent/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9', 400],
    ['a space in a name', 'POST /agent/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd', 400],
    ['a bare line feed', 'POST /agent/v1/sync HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 4\r\n\r\nabcd', 400],
    ['no host', 'GET /tuf/timestamp.json HTTP/1.1', 400],
    ['huge headers', `GET /stub_status HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}`, 431],
    ['ten hops', `GET /status HTTP/1.1\r\nHost: x\r\nVia: ${Array.from({ length: 10 }, () => '1.1 a').join(', ')}`, 508],
    ['garbage', '\x16\x03\x01 what', 400],
  ])('refuses %s', async (_what, head, status) => {
    const relay = await start();
    origin.addMetadata('timestamp', 1);
    const answer = await rawExchange(relay.url, `${head}\r\nConnection: close\r\n\r\n`);
    expect(answer.split('\r\n', 1)[0]).toMatch(status === null ? /^$|^HTTP\/1\.1 4/ : new RegExp(`^HTTP/1\\.1 ${status} `));
    expect([origin.requests, origin.posted]).toEqual([[], []]);
  });

  it('connects to nobody but its platform, whatever Host says', async () => {
    const relay = await start();
    const path = origin.addMetadata('root', 1);
    const answer = await rawExchange(relay.url, `GET ${path} HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.requests[0]?.headers.host).toBe(new URL(origin.url).host);
  });

  it('shows its health as nginx does, and a status of its own', async () => {
    const relay = await start();
    expect((await ask(relay, '/stub_status')).body.toString()).toMatch(
      /^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: \d+ Writing: \d+ Waiting: \d+ \n$/,
    );
    const status = await ask(relay, '/status');
    expect(JSON.parse(status.body.toString())).toMatchObject({
      status: 'ok',
      kind: 'relay',
      platform: { url: origin.url },
      cache: { objects: 0, maxBytes: 1e9 },
      held: { requests: 0, oldestAt: null },
    });
  });

  it('cuts off who sends a request byte by byte', { timeout: 60_000 }, async () => {
    const relay = await start();
    const { hostname, port } = new URL(relay.url);
    const socket = connect(Number(port), hostname);
    const closed = Promise.withResolvers<string>();
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => closed.resolve(answer));
    socket.write('GET /status HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X'), 200);
    expect(await closed.promise).toMatch(/^$|^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  it('keeps its files from others', async () => {
    await start();
    const { mode } = statSync(join(directory, 'one/held.db'));
    expect(mode & 0o077).toBe(0);
  });
});
