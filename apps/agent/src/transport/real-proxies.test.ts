import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentPaths, type CheckIn } from '@vedette/protocol';
import { endProcess, eventually } from '@vedette/testkit';
import { hasOpenssl, makeCertificates } from '../testing/certificates.ts';
import { StubServer, stubAgentId } from '../testing/stub-server.ts';
import { PlatformClient } from './platform-client.ts';
import { readProxyPlan } from './proxies.ts';

const squid = '/usr/sbin/squid';
const nginx = '/usr/sbin/nginx';
const agent = generateKeyPairSync('ed25519');
const checkIn: CheckIn = {
  agentVersion: '0.1.0',
  sentAt: '2026-01-01T00:00:00.000Z',
  collectors: [],
  consumption: { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 },
};

let directory = '';
const processes: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-proxy-'));
  chmodSync(directory, 0o755); // squid gives up root
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((child) => endProcess(child, 'SIGTERM')));
  rmSync(directory, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  server.close();
  return port;
}

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

function start(program: string, ...args: string[]): void {
  processes.push(spawn(program, args, { stdio: 'ignore' }));
}

function clientOf(stub: StubServer, platform: URL, ca: string, environment: Record<string, string> = {}): PlatformClient {
  stub.trust(agent.publicKey);
  return new PlatformClient({
    platform,
    ca,
    proxies: readProxyPlan(environment, []),
    signer: { key: agent.privateKey, keyid: stubAgentId },
    platformKey: stub.publicKey,
    now: Date.now,
  });
}

/** `skipped:` says why a test of this file does not run. */
const missing = [squid, nginx, '/usr/bin/openssl'].filter((program) => !existsSync(program)).join(', ');

describe.skipIf(missing !== '' || !hasOpenssl())(`proxies of Debian${missing && ` (skipped: no ${missing})`}`, () => {
  it('lets a signed exchange through squid with user and password, and names a wrong password', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const hash = execFileSync('openssl', ['passwd', '-apr1', 'right'], { encoding: 'utf8' }).trim();
    const users = write('users', `agent:${hash}\n`);
    const config = write(
      'squid.conf',
      `http_port 127.0.0.1:${port}
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${users}
auth_param basic children 1 startup=1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
access_log none
cache_log /dev/null
cache_store_log none
netdb_filename none
pinger_enable off
pid_filename none
coredump_dir none
shutdown_lifetime 0 seconds
`,
    );
    start(squid, '-N', '-f', config);
    const { ca, tls } = makeCertificates();
    await using stub = await StubServer.start({ keys: new Map(), tls, compressesReplies: true });
    using client = clientOf(stub, stub.url, ca, { VEDETTE_PROXY: `http://agent:right@127.0.0.1:${port}` });
    await eventually('a check-in through the proxy', 30_000, () => client.post(agentPaths.checkIn, checkIn));
    expect(stub.checkIns).toHaveLength(1);
    using wrong = clientOf(stub, stub.url, ca, { VEDETTE_PROXY: `http://agent:wrong@127.0.0.1:${port}` });
    await expect(wrong.post(agentPaths.checkIn, checkIn)).rejects.toThrow(/does not take the user and password \(407\)/);
    expect(stub.checkIns).toHaveLength(1);
  });

  it('keeps the identity through nginx, which ends TLS', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const { ca, tls } = makeCertificates();
    await using stub = await StubServer.start({ keys: new Map(), compressesReplies: true });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${directory}/${name};`,
    );
    const config = write(
      'nginx.conf',
      `daemon off; master_process off; pid ${directory}/nginx.pid; error_log /dev/null;
events {}
http {
  access_log off; gzip on; gzip_types application/json; gzip_min_length 1; client_max_body_size 16m;
  ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_protocols TLSv1.3;
    ssl_certificate ${write('cert.pem', tls.cert)};
    ssl_certificate_key ${write('key.pem', tls.key)};
    location / { proxy_pass ${stub.url.origin}; proxy_read_timeout 75s; }
  }
}
`,
    );
    start(nginx, '-c', config, '-e', '/dev/null');
    using client = clientOf(stub, new URL(`https://127.0.0.1:${port}`), ca);
    await eventually('a check-in through the proxy', 30_000, () => client.post(agentPaths.checkIn, checkIn));
    expect(stub.checkIns).toHaveLength(1);
  });
});
