import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { distributedKind } from '@vedette/protocol';
import { certificateFor, eventually, NginxProcess, nginxRefusal, rawExchange, ReleaseOrigin } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { relayNginxConfig } from '../commands/relay-nginx-config.ts';
import { edgeConfig, type EdgeSettings, mirrorConfig } from './nginx-config.ts';

const refusal = nginxRefusal();
const settings: EdgeSettings = {
  listen: '443',
  name: 'edge.example',
  tlsCert: '/etc/vedette/edge.pem',
  tlsKey: '/etc/vedette/edge.key',
  accessLog: 'off',
  platform: new URL('https://platform.example'),
  platformCa: '/etc/vedette/ca.pem',
  cacheDir: '/var/cache/nginx/vedette',
  cacheSize: '20g',
  requestsPerSecond: '200',
  edgeToken: '',
};

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

async function ask(server: NginxProcess, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sent = request(
    `${server.url}${path}`,
    { method, headers, ca: server.ca, agent: false, servername: 'edge.test' },
    (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }));
    },
  );
  sent.on('error', reject).end();
  return promise;
}

describe('the configuration of nginx', () => {
  it('leaves no variable open', () => {
    const text = `${edgeConfig(settings)}${mirrorConfig({ ...settings, mirrorDir: '/srv/vedette' })}`;
    expect(text.replaceAll('${VEDETTE_...}', '')).not.toContain('${');
    expect(text).toContain('server platform.example:443 max_fails=0;');
  });

  it.each([
    ['a second directive', { name: 'edge; include /etc/shadow' }],
    ['a block', { cacheDir: '/var/cache}' }],
    ['a variable', { edgeToken: '$host' }],
    ['a line', { cacheSize: '1g\n' }],
    ['an https platform by its address', { platform: new URL('https://192.0.2.7') }],
  ])('refuses %s in a value', (_what, change) => {
    expect(() => edgeConfig({ ...settings, ...change })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe.each([
  ['edge', edgeConfig(settings)],
  ['mirror', mirrorConfig({ ...settings, mirrorDir: '/srv/vedette' })],
])('names in the configuration of the %s', (_kind, text) => {
  const patterns = [...text.matchAll(/location ~ "(.+)" \{/g)].map(([, pattern = '']) => new RegExp(pattern));
  const hash = 'ab'.repeat(32);

  it.each([
    '/tuf/1.root.json',
    '/tuf/20.snapshot.json',
    '/tuf/20.other.json',
    '/tuf/0.root.json',
    '/tuf/1234567890.root.json',
    `/targets/code/agent-linux-x64/${hash}.0.2.0_from_0.1.0.zst`,
    `/targets/content/platform/${hash}.origins.json`,
    `/targets/content/platform/deep/${hash}.origins.json`,
    `/targets/other/platform/${hash}.origins.json`,
    `/targets/code/agent/${hash}.${'1'.repeat(160)}`,
    `/targets/code/agent/${hash}.${'1'.repeat(161)}`,
    `/targets/code/agent/${hash.slice(1)}.1`,
  ])('take %s as the platform does', (path) => {
    expect(patterns.some((pattern) => pattern.test(path))).toBe(distributedKind(path) !== null);
  });
});

describe.skipIf(refusal !== null)(`nginx as an edge${refusal === null ? '' : ` (${refusal})`}`, () => {
  const large = randomBytes(3 * 1024 * 1024 + 17);
  let origin: ReleaseOrigin;
  let edge: NginxProcess;
  let small: string;
  let big: string;
  beforeAll(async () => {
    origin = await ReleaseOrigin.start();
    small = origin.addTarget(Buffer.from('small and signed'), 'code/agent-linux-x64/0.2.0_from_0.1.0.zst');
    big = origin.addTarget(large);
    edge = await NginxProcess.edge(origin.url, { edgeToken: 'edge-secret' });
  });
  afterAll(async () => {
    await edge[Symbol.asyncDispose]();
    await origin[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    origin.fault = null;
    origin.requests.splice(0);
  });

  it('asks the platform once for what a surge asks for at one moment', async () => {
    const gate = Promise.withResolvers<void>();
    origin.fault = { until: gate.promise };
    const path = origin.addTarget(Buffer.from('wanted by all'), 'content/rules/1.zst');
    const surge = Promise.all(Array.from({ length: 100 }, () => ask(edge, path)));
    await eventually('the first request', 10_000, () => (origin.asked(path) > 0 ? true : null));
    gate.resolve();
    const replies = await surge;
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.toString()}`))).toEqual(new Set(['200 wanted by all']));
    expect(origin.asked(path)).toBe(1);
  });

  it('fetches a large file in pieces of a mebibyte, each once, and puts it together', async () => {
    const replies = await Promise.all([ask(edge, big), ask(edge, big), ask(edge, big, { range: 'bytes=2000000-' })]);
    expect(replies.map(({ status, body }) => [status, body.length])).toEqual([
      [200, large.length],
      [200, large.length],
      [206, large.length - 2_000_000],
    ]);
    expect(replies[0]?.body.equals(large) && replies[2]?.body.equals(large.subarray(2_000_000))).toBe(true);
    expect(origin.requests.map(({ range }) => range).toSorted()).toEqual([
      'bytes=0-1048575',
      'bytes=1048576-2097151',
      'bytes=2097152-3145727',
      'bytes=3145728-4194303',
    ]);
  });

  it.each([
    ['bytes=0-0', 206, large.subarray(0, 1)],
    ['bytes=1048570-1048580', 206, large.subarray(1_048_570, 1_048_581)],
    ['bytes=-5', 206, large.subarray(-5)],
    [`bytes=${large.length}-`, 416, null],
    ['bytes=5-2', 416, null],
    ['lines=1-2', 200, large],
  ])('answers the range %s with %d', async (range, status, bytes) => {
    const reply = await ask(edge, big, { range });
    expect([reply.status, bytes === null || reply.body.equals(bytes)]).toEqual([status, true]);
  });

  it('answers HEAD with length and without body', async () => {
    const reply = await ask(edge, big, {}, 'HEAD');
    expect([reply.status, reply.headers['content-length'], reply.body.length]).toEqual([200, String(large.length), 0]);
  });

  it('keeps what never changes for ever, and says so', async () => {
    const path = origin.addMetadata('snapshot', 7);
    await ask(edge, path);
    const again = await ask(edge, path);
    expect(again.headers).toMatchObject({
      'x-cache-status': 'HIT',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
    });
    expect(again.headers['server']).toBe('nginx');
    expect(origin.asked(path)).toBe(1);
  });

  it('hands on what it has while the platform is away, the timestamp too', async () => {
    const timestamp = origin.addMetadata('timestamp', 1);
    const kept = await ask(edge, timestamp);
    await ask(edge, small);
    await origin.goAway();
    try {
      expect((await ask(edge, timestamp)).body.equals(kept.body)).toBe(true);
      expect((await ask(edge, small)).status).toBe(200);
      expect((await ask(edge, '/tuf/99.targets.json')).status).toBe(502);
      expect((await ask(edge, '/stub_status')).status).toBe(200);
      expect((await ask(edge, '/status/platform')).status).toBe(502);
    } finally {
      await origin.comeBack();
    }
  });

  it('hands on what it has while the platform fails, and keeps no failure', async () => {
    const path = origin.addMetadata('targets', 8);
    origin.fault = { status: 503, headers: { 'retry-after': '7', 'vedette-ticket': 'of the edge' } };
    const failed = await ask(edge, path);
    expect([failed.status, failed.headers['vedette-ticket']]).toEqual([503, undefined]);
    origin.fault = null;
    expect((await ask(edge, path)).status).toBe(200);
    origin.fault = { status: 500 };
    expect((await ask(edge, path)).status).toBe(200);
  });

  it('asks the platform again for a root that is not there yet, though not for everybody', async () => {
    const path = '/tuf/2.root.json';
    expect([(await ask(edge, path)).status, (await ask(edge, path)).status]).toEqual([404, 404]);
    expect(origin.asked(path)).toBe(1);
  });

  it('shows its health as nginx does, and a status of its own', async () => {
    const stub = await ask(edge, '/stub_status');
    expect([stub.status, stub.headers['content-type']]).toEqual([200, 'text/plain']);
    expect(stub.body.toString()).toMatch(/^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: /);
    const status = await ask(edge, '/status');
    expect(JSON.parse(status.body.toString())).toMatchObject({ status: 'ok', kind: 'edge', name: 'edge.test' });
    // Another test has just made it remember, for five seconds, that the platform is away.
    await eventually('the platform', 10_000, async () => ((await ask(edge, '/status/platform')).status === 200 ? true : null));
  });

  describe('against hostile requests', () => {
    it('lets nothing of a request reach the platform but the name', async () => {
      const path = origin.addTarget(Buffer.from('plain'), 'content/rules/2.zst');
      const headers = {
        cookie: 'a=b',
        authorization: 'Bearer x',
        'x-forwarded-for': '1.2.3.4',
        'vedette-edge-token': 'guessed',
        'accept-encoding': 'gzip',
        'x-forwarded-host': 'other.example',
      };
      expect((await ask(edge, path, headers)).status).toBe(200);
      expect(origin.requests.map((each) => each.headers)).toEqual([
        { host: '127.0.0.1', 'vedette-edge-token': 'edge-secret', range: 'bytes=0-1048575' },
      ]);
    });

    it.each([
      ['another host in absolute form', 'GET http://other.example/tuf/secret HTTP/1.1\r\nHost: other.example', '404'],
      ['a port of this machine', 'GET http://127.0.0.1:22/ HTTP/1.1\r\nHost: 127.0.0.1:22', '404'],
      ['a tunnel', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443', '40[05]'],
      ['another method', 'POST /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0', '405'],
      ['an unknown method', 'PURGE /tuf/timestamp.json HTTP/1.1\r\nHost: x', '405'],
      ['TRACE', 'TRACE /tuf/timestamp.json HTTP/1.1\r\nHost: x', '405'],
      ['a folder above', 'GET /targets/../../../etc/passwd HTTP/1.1\r\nHost: x', '40[04]'],
      ['an escaped folder above', 'GET /targets/%2e%2e/agent/v1/sync HTTP/1.1\r\nHost: x', '404'],
      ['dots that lead to a good name', 'GET /x/../tuf/timestamp.json HTTP/1.1\r\nHost: x', '404'],
      ['empty parts', 'GET //tuf/timestamp.json HTTP/1.1\r\nHost: x', '404'],
      ['an escaped letter', 'GET /tuf/%74imestamp.json HTTP/1.1\r\nHost: x', '404'],
      ['a query, which would make many of one', 'GET /tuf/timestamp.json?1 HTTP/1.1\r\nHost: x', '404'],
      ['a NUL', 'GET /tuf/timestamp.json%00.html HTTP/1.1\r\nHost: x', '40[04]'],
      ['the console', 'GET / HTTP/1.1\r\nHost: x', '404'],
      ['the API', 'GET /api/v1/session HTTP/1.1\r\nHost: x', '404'],
      ['a body', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', '4(00|13)'],
      ['a chunked body', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0', '400'],
      ['two lengths', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9', '400'],
      [
        'length and chunks',
        'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0',
        '400',
      ],
      ['no host', 'GET /tuf/timestamp.json HTTP/1.1', '400'],
      ['two hosts', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost: x\r\nHost: y', '400'],
      ['a space in a name', 'GET /tuf/timestamp.json HTTP/1.1\r\nHost : x', '400'],
      ['one huge header', `GET /stub_status HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(5000)}`, '400'],
      ['a huge name', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x`, '414'],
      ['garbage', '\x16\x03\x01 what', '400'],
    ])('refuses %s', async (_what, head, status) => {
      const answer = await rawExchange(edge.url, `${head}\r\nConnection: close\r\n\r\n`, edge.ca);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} |^(?!HTTP).*400 Bad Request`, 's'));
      expect(origin.requests).toEqual([]);
    });

    it('answers what is asked in absolute form with its own files alone', async () => {
      const path = origin.addTarget(Buffer.from('own'), 'content/rules/3.zst');
      const head = `GET http://other.example${path} HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n`;
      expect(await rawExchange(edge.url, head, edge.ca)).toMatch(/^HTTP\/1\.1 200 .*own$/s);
      expect(origin.requests[0]?.headers['host']).toBe('127.0.0.1');
    });

    it('keeps one answer for all, whatever headers ask for it or come with it', async () => {
      const path = origin.addMetadata('code', 3);
      origin.fault = {
        headers: { vary: '*', 'set-cookie': 'a=b', 'cache-control': 'no-store', 'x-accel-redirect': '/etc/passwd' },
      };
      const first = await ask(edge, path, { host: 'one.example', 'accept-language': 'de' });
      const second = await ask(edge, path, { host: 'two.example', origin: 'http://evil.example' });
      expect(second.body.equals(first.body)).toBe(true);
      expect(second.headers).not.toMatchObject({ 'set-cookie': expect.anything() });
      expect([second.headers['x-cache-status'], second.headers['vary']]).toEqual(['HIT', undefined]);
    });

    it('keeps no part in the place of the whole', async () => {
      const path = origin.addTarget(Buffer.from('0123456789'), 'content/rules/4.zst');
      expect((await ask(edge, path, { range: 'bytes=3-4' })).body.toString()).toBe('34');
      expect((await ask(edge, path)).body.toString()).toBe('0123456789');
    });

    it('passes on a broken body as broken, and keeps nothing of it', async () => {
      const path = origin.addTarget(Buffer.alloc(200_000, 'y'), 'content/rules/5.zst');
      origin.fault = { cutsAfterBytes: 1000 };
      await expect(ask(edge, path)).rejects.toThrow(/aborted|ECONNRESET/);
      origin.fault = null;
      expect((await ask(edge, path)).body.length).toBe(200_000);
    });
  });

  it('cuts off who sends a request byte by byte', { timeout: 60_000 }, async () => {
    const { hostname: host, port } = new URL(edge.url);
    const socket = connect({ host, port: Number(port), ca: edge.ca });
    const closed = Promise.withResolvers<boolean>();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => closed.resolve(true));
    socket.write('GET /status HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X'), 200);
    expect(await closed.promise).toBe(true);
    clearInterval(drip);
  });

  it('bounds what one address may ask in a second', async () => {
    await using slow = await NginxProcess.edge(origin.url, { requestsPerSecond: '1' });
    await ask(slow, small);
    const head = `GET ${small} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answers = await rawExchange(slow.url, head.repeat(999), slow.ca).then(async (first) => [
      first,
      await rawExchange(slow.url, head.repeat(999), slow.ca),
      await rawExchange(slow.url, head.repeat(999), slow.ca),
    ]);
    const count = (status: number): number => answers.join('').split(`HTTP/1.1 ${status} `).length - 1;
    expect(count(200)).toBeGreaterThanOrEqual(1900);
    expect(count(429)).toBeGreaterThan(500);
  });

  it('holds the platform to its certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-authority-'));
    try {
      const tlsOf = (name: string) => {
        const { certFile, keyFile } = certificateFor(directory, name, '127.0.0.1');
        return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
      };
      await using good = await ReleaseOrigin.start(tlsOf('localhost'));
      await using other = await ReleaseOrigin.start(tlsOf('other.example'));
      const platform = (one: ReleaseOrigin): string => one.url.replace('127.0.0.1', 'localhost');
      await using trusting = await NginxProcess.edge(platform(good), {}, { authority: directory });
      await using wrongName = await NginxProcess.edge(platform(other), {}, { authority: directory });
      await using wrongAuthority = await NginxProcess.edge(platform(good));
      for (const one of [good, other]) one.addMetadata('root', 1);
      expect((await ask(trusting, '/tuf/1.root.json')).status).toBe(200);
      expect((await ask(wrongName, '/tuf/1.root.json')).status).toBe(502);
      expect((await ask(wrongAuthority, '/tuf/1.root.json')).status).toBe(502);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe.skipIf(refusal !== null)(`nginx as a static mirror${refusal === null ? '' : ` (${refusal})`}`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-mirror-'));
  const path = `/targets/content/rules/${'ab'.repeat(32)}.1.zst`;
  let mirror: NginxProcess;
  beforeAll(async () => {
    for (const name of ['/tuf/timestamp.json', '/tuf/1.root.json', path, '/keys/root.pem']) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), name);
    }
    mirror = await NginxProcess.mirror(directory);
  });
  afterAll(async () => {
    await mirror[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  it.each(['/tuf/timestamp.json', '/tuf/1.root.json', path, '/keys/root.pem', '/tuf/', '/tuf/2.root.json'])(
    'hands out %s when it is a name that agents ask for',
    async (name) => {
      const isThere = distributedKind(name) !== null && name !== '/tuf/2.root.json';
      expect((await ask(mirror, name)).status).toBe(isThere ? 200 : 404);
    },
  );

  it('goes on in the middle of a file', async () => {
    const reply = await ask(mirror, path, { range: 'bytes=9-15' });
    expect([reply.status, reply.body.toString()]).toEqual([206, path.slice(9, 16)]);
  });

  it.each(['/stub_status', '/status'])('answers %s', async (name) => expect((await ask(mirror, name)).status).toBe(200));
});

describe('vedette relay nginx-config', () => {
  const run = (options: Record<string, string>) =>
    relayNginxConfig.run({ environment: {} } as never, [], { name: 'edge.example', ...options }); // all that it asks for

  it.each(['0', '00', '-1', '1.5', 'x', '', '5r/s; deny all'])('refuses --rate %j as wrong usage', async (rate) => {
    for (const [kind, place] of Object.entries({ platform: 'https://platform.example', mirror: '/srv/mirror' }))
      await expect(run({ [kind]: place, rate })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('--rate'),
      });
  });

  it('writes the rate that it is given', async () => {
    const written = await run({ platform: 'https://platform.example', rate: '7' });
    expect(written?.text).toContain('rate=7r/s');
  });
});
