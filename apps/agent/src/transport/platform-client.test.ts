import { generateKeyPairSync } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { agentPaths, type CheckIn } from '@vedette/protocol';
import { hasOpenssl, makeCertificates } from '../testing/certificates.ts';
import { StubServer, stubAgentId, type StubOptions, type StubReply } from '../testing/stub-server.ts';
import { PlatformClient, type PlatformClientOptions } from './platform-client.ts';

const agent = generateKeyPairSync('ed25519');
const checkIn: CheckIn = {
  agentVersion: '0.1.0',
  sentAt: '2026-01-01T00:00:00.000Z',
  collectors: [],
  consumption: { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 },
};

function clientOf(stub: StubServer, options: Partial<PlatformClientOptions> = {}): PlatformClient {
  return new PlatformClient({
    platform: stub.url,
    signer: { key: agent.privateKey, keyid: stubAgentId },
    platformKey: stub.publicKey,
    now: Date.now,
    ...options,
  });
}

async function startStub(options: Partial<StubOptions> = {}): Promise<StubServer> {
  const stub = await StubServer.start({ keys: new Map(), ...options });
  stub.trust(agent.publicKey);
  return stub;
}

describe('PlatformClient', () => {
  it('sends requests that node:crypto verifies, and counts their bytes', async () => {
    await using stub = await startStub();
    using client = clientOf(stub);
    await client.post(agentPaths.checkIn, checkIn);
    await client.post(agentPaths.checkIn, checkIn);
    expect(stub.checkIns).toHaveLength(2);
    expect(client.sentBytes).toBe(stub.received.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it('takes a reply compressed with zstd', async () => {
    await using stub = await startStub({ compressesReplies: true });
    using client = clientOf(stub);
    await expect(client.post(agentPaths.checkIn, checkIn)).resolves.toMatchObject({ resend: [] });
  });

  it('is REFUSED when the platform does not know its key', async () => {
    await using stub = await startStub();
    stub.trust(generateKeyPairSync('ed25519').publicKey);
    using client = clientOf(stub);
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('gets through with a clock that is a day behind, by the time in the signed refusal', async () => {
    await using stub = await startStub();
    using client = clientOf(stub, { now: () => Date.now() - 86_400_000 });
    await client.post(agentPaths.checkIn, checkIn);
    expect(stub.checkIns).toHaveLength(1);
  });

  const tamperings: [string, (reply: StubReply) => void][] = [
    ['a changed body', (reply) => void (reply.body = Buffer.from(reply.body.toString().replace('60', '61')))],
    ['a changed status', (reply) => void (reply.status = 201)],
    ['no signature', (reply) => void delete reply.headers['signature']],
    ['no signature input', (reply) => void delete reply.headers['signature-input']],
    ['another key id', (reply) => replaceInput(reply, 'keyid="platform"', 'keyid="somebody"')],
    ['fewer covered components', (reply) => replaceInput(reply, '"@status" ', '')],
    ['another content digest', (reply) => void (reply.headers['content-digest'] = 'sha-256=:AAAA:')],
    [
      'an unknown content encoding',
      (reply) => void ((reply.headers['content-encoding'] = 'gzip'), (reply.body = gzipSync(reply.body))),
    ],
    ['more bytes than a reply may have', (reply) => void (reply.body = Buffer.alloc(2 * 1024 * 1024))],
    [
      'a decompression bomb',
      (reply) => {
        reply.headers['content-encoding'] = 'zstd';
        reply.body = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
      },
    ],
    [
      'a captive portal',
      (reply) => {
        reply.status = 200;
        reply.headers = { 'content-type': 'text/html' };
        reply.body = Buffer.from('<h1>Welcome</h1>');
      },
    ],
    [
      'a redirect',
      (reply) => {
        reply.status = 302;
        reply.headers = { location: 'http://127.0.0.1:9/' };
      },
    ],
  ];
  it.each(tamperings)('takes %s for a network failure', async (_, tamper) => {
    await using stub = await startStub({ tamper });
    using client = clientOf(stub);
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it('refuses a reply that was signed for an earlier request', async () => {
    let first: StubReply | null = null;
    await using stub = await startStub({
      tamper: (reply) => {
        first ??= { ...reply, headers: { ...reply.headers } };
        Object.assign(reply, first);
      },
    });
    using client = clientOf(stub);
    await client.post(agentPaths.checkIn, checkIn);
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it.each([
    [503, '120', 120],
    [429, '999999', 3600],
    [500, '120', 0],
    [503, 'tomorrow', 0],
  ])('honours status %i with Retry-After %s of a proxy as %i seconds', async (status, value, seconds) => {
    await using stub = await startStub({
      tamper: (reply) => Object.assign(reply, { status, headers: { 'retry-after': value }, body: Buffer.from('busy') }),
    });
    using client = clientOf(stub);
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toMatchObject({ code: 'NETWORK', retryAfterSeconds: seconds });
  });

  it('names a platform that cannot be reached', async () => {
    const stub = await startStub();
    using client = clientOf(stub);
    await stub[Symbol.asyncDispose]();
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toThrow(/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  });

  it('stops at once when it is told to', async () => {
    await using stub = await startStub();
    using client = clientOf(stub);
    const stop = new AbortController();
    stop.abort();
    await expect(client.post(agentPaths.checkIn, checkIn, stop.signal)).rejects.toMatchObject({ code: 'NETWORK' });
  });
});

function replaceInput(reply: StubReply, from: string, to: string): void {
  reply.headers['signature-input'] = (reply.headers['signature-input'] ?? '').replace(from, to);
}

describe.skipIf(!hasOpenssl())('PlatformClient over TLS', () => {
  it('trusts the certificate authority it was given', async () => {
    const { ca, tls } = makeCertificates();
    await using stub = await startStub({ tls });
    using client = clientOf(stub, { ca });
    await client.post(agentPaths.checkIn, checkIn);
    expect(stub.checkIns).toHaveLength(1);
  });

  it('refuses a certificate of an authority that it does not know', async () => {
    const { tls } = makeCertificates();
    await using stub = await startStub({ tls });
    using client = clientOf(stub);
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toThrow(/certificate/);
    expect(stub.received).toEqual([]);
  });

  it('refuses to speak less than TLS 1.3', async () => {
    const { ca, tls } = makeCertificates();
    await using stub = await startStub({ tls: { ...tls, maxVersion: 'TLSv1.2' } });
    using client = clientOf(stub, { ca });
    await expect(client.post(agentPaths.checkIn, checkIn)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(stub.received).toEqual([]);
  });
});
