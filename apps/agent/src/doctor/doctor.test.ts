import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../run-command-line.ts';
import { hasOpenssl, makeCertificates, type CertificateOptions } from '../testing/certificates.ts';
import { StubProxy, type StubProxyOptions } from '../testing/stub-proxy.ts';
import type { Finding } from './finding.ts';

let directory = '';
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-doctor-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true });
});

async function doctor(environment: Record<string, string>) {
  let out = '';
  const terminal = { out: (text: string) => void (out += text), error: (text: string) => void (out += text) };
  const signal = new AbortController().signal;
  const all = { VEDETTE_STATE_DIR: directory, VEDETTE_LOG_LEVEL: 'debug', ...environment };
  const code = await runCommandLine(['doctor', '--json'], all, { terminal, signal });
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return { code, out, problems: findings.filter(({ level }) => level !== 'ok') };
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port; // a TCP server that listens
}

/** A platform over TLS and the settings that lead to it. */
async function platform({ date, maxVersion, trusted = true, ...certificate }: PlatformOptions = {}): Promise<
  Record<string, string>
> {
  const { ca, tls } = makeCertificates(certificate);
  const options: TlsOptions = { ...tls, ...(maxVersion ? { maxVersion } : {}) };
  const port = await listen(createHttps(options, (_, response) => void response.writeHead(200, date ? { date } : {}).end()));
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, trusted ? ca : makeCertificates().ca);
  return { VEDETTE_PLATFORM: `https://127.0.0.1:${port}`, VEDETTE_CA_FILE: caFile };
}

interface PlatformOptions extends CertificateOptions {
  readonly date?: string;
  readonly maxVersion?: 'TLSv1.2';
  readonly trusted?: boolean;
}

describe.skipIf(!hasOpenssl())('doctor (skipped: openssl is missing)', () => {
  it('finds nothing where all is well', async () => {
    expect(await doctor(await platform())).toMatchObject({ code: 0, problems: [] });
  });

  it.each<[string, PlatformOptions, string, RegExp]>([
    ['an expired certificate', { days: -1 }, 'tls', /renew it/],
    ['an unknown authority', { trusted: false }, 'tls', /--ca-file/],
    ['a certificate for another name', { subjectAltName: 'DNS:other.example' }, 'tls', /another name/],
    ['a platform that speaks TLS 1.2 only', { maxVersion: 'TLSv1.2' }, 'tls', /TLS 1\.3/],
  ])('names %s and the remedy', async (_, options, hop, remedy) => {
    const { code, problems } = await doctor(await platform(options));
    expect(code).toBe(1);
    expect(problems).toEqual([expect.objectContaining({ hop, level: 'problem', remedy: expect.stringMatching(remedy) })]);
  });

  it('warns of a clock that is wrong', async () => {
    const { code, problems } = await doctor(await platform({ date: 'Sun, 22 Nov 2020 12:00:00 GMT' }));
    expect(code).toBe(0);
    expect(problems).toMatchObject([{ hop: 'clock', level: 'warning', detail: expect.stringContaining('ahead') }]);
  });

  it('names a closed port', async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    const { code, problems } = await doctor({ VEDETTE_PLATFORM: `https://127.0.0.1:${port}` });
    expect({ code, hops: problems.map(({ hop }) => hop) }).toEqual({ code: 1, hops: ['tcp'] });
  });

  it('names a port on which nobody speaks TLS', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => undefined).end('220 mail.example\r\n')));
    const { code, problems } = await doctor({ VEDETTE_PLATFORM: `https://127.0.0.1:${port}` });
    expect(code).toBe(1);
    expect(problems).toMatchObject([{ hop: 'tls', remedy: expect.stringContaining('port') }]);
  });

  it('names a host name that does not exist', async () => {
    const { code, problems } = await doctor({ VEDETTE_PLATFORM: 'https://vedette.invalid' });
    expect({ code, hops: problems.map(({ hop }) => hop) }).toEqual({ code: 1, hops: ['dns'] });
  });

  it.each<[string, StubProxyOptions, RegExp]>([
    ['does not take the password', { authorization: 'Basic other' }, /user and password/],
    ['does not connect us', { refusesWith: 403 }, /allow CONNECT/],
  ])('names a proxy that %s, and shows no secret', async (_, options, remedy) => {
    await using proxy = await StubProxy.start(options);
    const VEDETTE_PROXY = proxy.address.replace('://', '://agent:hidden@');
    const { code, out, problems } = await doctor({
      ...(await platform()),
      VEDETTE_PROXY,
      VEDETTE_ACTIVATION_KEY: 'secret-of-key',
    });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.objectContaining({ hop: 'proxy', remedy: expect.stringMatching(remedy) })]);
    expect(out).not.toMatch(/hidden|secret-of-key|YWdlbnQ/);
  });

  it('takes a bad proxy for a warning when the way without works and is allowed', async () => {
    await using proxy = await StubProxy.start({ refusesWith: 503 });
    const proxies = { VEDETTE_PROXY: proxy.address, VEDETTE_PROXY_FALLBACK: 'direct' };
    const { code, problems } = await doctor({ ...(await platform()), ...proxies });
    expect({ code, levels: problems.map(({ level }) => level) }).toEqual({ code: 0, levels: ['warning'] });
  });

  it.each([
    ['does not exist', '/nonexistent/state', /made by/],
    // Nobody, also not root, can write there.
    ['cannot be written', '/sys/kernel', /Mount it|Run this/],
  ])('names a state directory that %s', async (_, VEDETTE_STATE_DIR, remedy) => {
    const { code, problems } = await doctor({ ...(await platform()), VEDETTE_STATE_DIR });
    expect(code).toBe(1);
    expect(problems[0]).toMatchObject({ hop: 'state', remedy: expect.stringMatching(remedy) });
  });

  it('names a CA file that cannot be read', async () => {
    const { code, problems } = await doctor({ ...(await platform()), VEDETTE_CA_FILE: '/nonexistent' });
    expect({ code, hops: problems.map(({ hop }) => hop) }).toEqual({ code: 1, hops: ['tls'] });
  });

  it('tells a machine that was never enrolled what to do', async () => {
    expect(await doctor({})).toMatchObject({ code: 1, problems: [{ hop: 'identity' }] });
  });
});
