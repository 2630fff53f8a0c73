import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { createApiToken } from '@vedette/protocol';
import { createSigningKey, type RoleName, sealKey } from '@vedette/release';
import { PlatformProcess } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = resolve(import.meta.dirname, '../../vedette');
const passphrase = 'correct horse battery';
const names = ['root-a', 'root-b', 'root-c', 'targets-a', 'targets-b', 'targets-c', 'content-a', 'code-a'];

/** The command line as people run it, against a platform as people run it: from keys to a roll-out, and out to a mirror. */
describe('releases from keys to a roll-out', () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  let platform: PlatformProcess;
  let environment: Record<string, string>;
  const at = (name: string): string => join(folder, name);
  const keys = (...which: string[]): string => which.map((name) => at(`${name}.key`)).join(',');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vedette-release-'));
    stack.defer(() => rm(folder, { recursive: true }));
    platform = stack.use(await PlatformProcess.start());
    const { secret } = await platform.client.call(createApiToken, { body: { name: 'release test', expiresInDays: 1 } });
    environment = { VEDETTE_URL: platform.url, VEDETTE_TOKEN: secret, VEDETTE_KEY_PASSPHRASE: passphrase, HOME: folder };
    for (const name of names) {
      const key = createSigningKey(name.slice(0, name.indexOf('-')) as RoleName); // the names above begin with roles
      await writeFile(at(`${name}.key`), await sealKey(key, passphrase, { memoryKiB: 19_456, passes: 1, lanes: 1 }));
      await writeFile(at(`${name}.key.pub`), JSON.stringify(key.file));
    }
    const code = 'console.log("agent")';
    const unpacked = { sha256: createHash('sha256').update(code).digest('hex'), length: code.length };
    const custom = { kind: 'program', product: 'agent', version: '9.0.0', platform: 'linux-x64', encoding: 'zstd', unpacked };
    const targets = [{ file: 'agent.zst', custom: { ...custom, releasedAt: '2026-11-22T00:00:00Z' } }];
    await writeFile(at('agent.zst'), zstdCompressSync(code));
    await writeFile(at('targets.json'), JSON.stringify({ format: 'vedette-built-targets-1', targets }));
  });
  afterAll(() => stack.disposeAsync());

  /** What `vedette release …` prints with --json; its exit code where it fails. */
  function release(...words: string[]): Promise<{ code: number; json: Record<string, unknown>; complaint: string }> {
    return new Promise((done) => {
      execFile(program, ['release', ...words, '--json'], { env: environment }, (error, out, complaint) => {
        done({ code: error ? Number(error.code) : 0, json: (out ? JSON.parse(out) : {}) as Record<string, unknown>, complaint });
      });
    });
  }
  const succeeds = async (...words: string[]): Promise<Record<string, unknown>> => {
    const { code, json, complaint } = await release(...words);
    expect([words.join(' '), code, complaint]).toEqual([words.join(' '), 0, complaint]);
    return json;
  };

  it('begins with the keys of people and of the platform, and is refused while signatures are missing', async () => {
    const everyKey = names.map((name) => at(`${name}.key.pub`)).join(',');
    expect(await succeeds('init', at('repository'), '--keys', everyKey)).toMatchObject({ published: null, isReady: false });
    await succeeds('add', at('repository'), folder);
    const refused = await release('publish', at('repository'));
    expect([refused.code, refused.complaint]).toEqual([5, expect.stringContaining('root has 0 of 2 signatures')]);
  });

  it('is signed by enough people, uploaded, and found by whoever trusts the root', async () => {
    await succeeds('sign', at('repository'), '--key', keys('root-a', 'root-b', 'targets-a', 'targets-c', 'content-a', 'code-a'));
    expect(await succeeds('publish', at('repository'), '--dry-run')).toMatchObject({ published: false, missing: [{}] });
    expect(await succeeds('publish', at('repository'))).toMatchObject({ published: true, missing: [] });
    expect(await succeeds('status', at('repository'))).toMatchObject({ published: { code: { version: 1 } }, staged: [] });
    const root = join(at('repository'), 'tuf/1.root.json');
    expect(await succeeds('verify', `${platform.url}/`, '--root', root)).toMatchObject({
      targets: [{ name: 'code/agent-linux-x64/9.0.0.zst' }],
    });
  });

  it('goes on from there: content alone needs its own key alone', async () => {
    const regions = [{ name: 'emea', title: 'EMEA', origins: ['https://cdn-eu.vedette.example/'] }];
    await writeFile(at('origins.json'), JSON.stringify({ format: 'vedette-origins-1', defaultRegion: 'emea', regions }));
    await succeeds('origins', at('repository'), at('origins.json'));
    await succeeds('sign', at('repository'), '--key', keys('content-a'));
    expect(await succeeds('publish', at('repository'))).toMatchObject({ published: true, versions: { content: 2, code: 1 } });
    const { checks } = (await succeeds('hosts')) as { checks: { linux: string }[] };
    expect(checks.map(({ linux }) => linux)).toContain('curl -v https://cdn-eu.vedette.example/stub_status');
  });

  it('is rolled out ring by ring, paused, resumed and taken back', async () => {
    expect((await release('rollout', '9.9.9', '--dry-run')).code).toBe(3);
    expect(await succeeds('rollout', '9.0.0')).toMatchObject({ state: 'running', ring: 0 });
    expect(await succeeds('promote', '9.0.0')).toMatchObject({ ring: 1 });
    expect(await succeeds('pause', '9.0.0', '--reason', 'lunch')).toMatchObject({ state: 'paused', reason: 'lunch' });
    expect(await succeeds('resume', '9.0.0')).toMatchObject({ state: 'running' });
    expect(await succeeds('roll-back', '9.0.0')).toMatchObject({ state: 'rolled-back' });
    expect((await release('promote', '9.0.0')).code).toBe(1);
    expect(await succeeds('rollouts')).toMatchObject({ total: 1 });
    expect(await succeeds('agents')).toMatchObject({ total: 0 });
    await writeFile(at('rules.json'), JSON.stringify([{ tags: ['lab'], preventUpgrade: true }]));
    await succeeds('rules', at('rules.json'));
    expect(await succeeds('rules')).toEqual({ rules: [{ tags: ['lab'], preventUpgrade: true }] });
  });

  it('is carried to a mirror, which verifies by itself', async () => {
    await succeeds('mirror', `${platform.url}/`, at('mirror'));
    expect(await succeeds('verify', at('mirror'))).toMatchObject({ versions: { content: 2 } });
    const timestamp = await readFile(join(at('mirror'), 'tuf/timestamp.json'), 'utf8');
    expect(timestamp).toBe(await (await fetch(`${platform.url}/tuf/timestamp.json`)).text());
  });
});
