import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../testing/test-server.ts';
import { installScript } from './install-script.ts';

const deb = 'vedette-agent_1.2.3_amd64.deb';
const content = Buffer.from('a package');

describe('installing from the platform', () => {
  const stack = new AsyncDisposableStack();
  let server: TestServer;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-packages-'));
    stack.defer(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, deb), content);
    writeFileSync(join(directory, 'secret.txt'), 'not a package');
    mkdirSync(join(directory, 'folder'));
    const database = stack.use(await throwAwayDatabase());
    server = stack.use(await testServer(database, { packagesDirectory: directory, publicUrl: 'https://vedette.example' }));
  });
  afterAll(() => stack.disposeAsync());

  it('offers a script that names the platform and the hash of each package', async () => {
    const reply = await server.app.inject({ url: '/install.sh' });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toContain("platform=${VEDETTE_PLATFORM:-'https://vedette.example'}");
    expect(reply.body).toContain(`deb x86_64 ${deb} ${createHash('sha256').update(content).digest('hex')}`);
    expect(reply.body).not.toMatch(/@[A-Z]+@/);
    expect(reply.body).toContain("root=''");
    execFileSync('sh', ['-n'], { input: reply.body });
  });

  it('names the newest root of signed releases, once there is one', async () => {
    const metadata = join(server.context.config.releasesDirectory, 'tuf');
    mkdirSync(metadata, { recursive: true });
    for (const version of [1, 9, 10]) writeFileSync(join(metadata, `${version}.root.json`), `root ${version}`);
    writeFileSync(join(metadata, '11.targets.json'), 'no root');
    const reply = await server.app.inject({ url: '/install.sh' });
    expect(reply.body).toContain(`root='10 ${createHash('sha256').update('root 10').digest('hex')}'`);
    execFileSync('sh', ['-n'], { input: reply.body });
  });

  it('sends a package whole', async () => {
    const reply = await server.app.inject({ url: `/install/${deb}` });
    expect([reply.statusCode, reply.headers['content-length'], reply.rawPayload]).toEqual([200, String(content.length), content]);
  });

  it.each(['secret.txt', 'folder', '..%2f..%2fetc%2fpasswd', 'vedette-agent_9.9.9_amd64.deb'])(
    'sends nothing else: %s',
    async (name) => {
      expect((await server.app.inject({ url: `/install/${name}` })).statusCode).toBe(404);
    },
  );

  it('takes a new version that is put beside the old one', async () => {
    const newer = 'vedette-agent_1.2.4_amd64.deb';
    writeFileSync(join(directory, newer), 'newer', { flush: true });
    const reply = await server.app.inject({ url: '/install.sh' });
    const offered = reply.body.split('\n').filter((line) => line.includes('_amd64.deb'));
    expect(offered.map((line) => line.split(' ')[2])).toEqual([newer]);
  });
});

it.each(["http://x';reboot;'", 'http://$(id)', 'http://a b', 'javascript:1', 'http://`id`', 'http://a\nb'])(
  'a hostile host name never gets into the script: %s',
  (origin) => {
    expect(installScript(origin, [], null)).toBeNull();
  },
);
