import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createActivationKey, getAsset, listAssets, setReleaseRules } from '@vedette/protocol';
import { endProcess, eventually, PlatformProcess, TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStatusFile } from '../../apps/agent/src/state/status-file.ts';
import { asVersion, bundle, giveToAll, InstalledAgent } from './installed-agent.ts';

const program = resolve(import.meta.dirname, '../../vedette');
const patienceMs = 120_000;

interface RelayStatus {
  readonly cache: { readonly objects: number };
  readonly held: { readonly requests: number; readonly delivered: number };
}

const hasPython = existsSync('/usr/bin/python3');

describe.skipIf(!hasPython)(`a site behind a relay, with a mirror beside it${hasPython ? '' : ' (skipped: no python3)'}`, () => {
  const stack = new AsyncDisposableStack();
  let platform: PlatformProcess;
  let agent: InstalledAgent;
  let relay: string;
  let mirror: string;

  /** A program that says its address in the first line of its output, and ends with the test. */
  async function started(command: string, args: readonly string[], address: RegExp): Promise<string> {
    const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    stack.defer(() => endProcess(child, 'SIGTERM'));
    if (!child.stdout) throw new Error('no output'); // a pipe, as asked for
    for await (const line of createInterface({ input: child.stdout })) {
      const [, found] = address.exec(line) ?? [];
      child.stdout.resume();
      if (found !== undefined) return found;
    }
    throw new Error(`${command} did not start`);
  }

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vedette-relay-test-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const files = join(folder, 'mirror');
    mkdirSync(files);
    // What everybody has: it knows files, and neither ranges nor anything of ours.
    const plain = ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', files];
    mirror = `http://127.0.0.1:${await started('python3', plain, /port (\d+)/)}/`;
    const code = await bundle();
    const releases = stack.use(await TestReleases.create());
    for (const version of ['1.1.0', '1.2.0']) {
      await releases.releaseProgram(asVersion(code, version), { product: 'agent', version });
    }
    const regions = [
      { name: 'site', title: 'Site', origins: [mirror] },
      { name: 'none', title: 'None', origins: [] },
    ];
    await releases.releaseOrigins({ format: 'vedette-origins-1', defaultRegion: 'none', regions });
    platform = stack.use(await PlatformProcess.start({ VEDETTE_RELEASES_DIR: releases.directory }));
    execFileSync(program, ['release', 'mirror', `${platform.url}/`, files], { stdio: 'pipe' });
    const options = ['--platform', platform.url, '--listen', '127.0.0.1:0', '--directory', join(folder, 'relay')];
    relay = await started(program, ['relay', ...options], /"url":"([^"]+)"/);
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'site' } });
    const environment = { VEDETTE_PLATFORM: relay, VEDETTE_ACTIVATION_KEY: secret };
    agent = stack.use(new InstalledAgent(Buffer.from(code), environment));
    agent.start();
  });
  afterAll(() => stack.disposeAsync());

  const status = async (): Promise<RelayStatus> => (await (await fetch(new URL('/status', relay))).json()) as RelayStatus;
  const theAsset = async () => (await platform.client.call(listAssets, { query: {} })).items[0];
  /** By collector, of the last document that the platform has taken. */
  const sequences = async (): Promise<ReadonlyMap<string, number>> => {
    const asset = await theAsset();
    const detail = asset && (await platform.client.call(getAsset, { params: { assetId: asset.assetId } }));
    return new Map((detail?.agent?.collectors ?? []).map(({ name, sequence }) => [name, sequence]));
  };

  it('has its agents enrolled, heard and upgraded through the relay, which keeps what they fetch', async () => {
    await eventually('the inventory', patienceMs, async () => ((await theAsset())?.packages ?? 0) || null);
    await giveToAll(platform, '1.1.0', [agent]);
    const { origins } = await agent.until('the commit', patienceMs, ({ version, trial }) => version === '1.1.0' && !trial);
    expect(origins).toEqual([expect.objectContaining({ origin: `${relay}/`, bytes: expect.any(Number), failure: null })]);
    expect((await status()).cache.objects).toBeGreaterThan(0);
  });

  it('fetches from a directory that any web server serves', async () => {
    await platform.client.call(setReleaseRules, { body: { rules: [{ tags: [], region: 'site' }] } });
    await giveToAll(platform, '1.2.0', [agent]);
    const { origins } = await agent.until('the commit', patienceMs, ({ version, trial }) => version === '1.2.0' && !trial);
    expect(origins.map(({ origin, bytes, failure }) => [origin, bytes > 100_000, failure])).toEqual([
      [mirror, true, null],
      [`${relay}/`, false, null],
    ]);
  });

  it('keeps what an agent has to say while the platform is away, and delivers it although the agent is off by then', async () => {
    await platform.kill();
    const listener = createServer();
    stack.defer(async () => void listener.close());
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
    const since = Date.now();
    agent.run('scan');
    // What it says of itself is written after an attempt to send.
    const hasScanned = (): boolean => Date.parse(readStatusFile(agent.stateDirectory)?.fullScanAt ?? '') >= since;
    await eventually('the scan, which was sent', 2 * patienceMs, () => hasScanned() || null);
    expect((await status()).held.requests).toBeGreaterThan(0);
    const said = agent.waiting();
    expect([...said.keys()]).toContain('listening-socket');
    agent.stop();
    await platform.restart();
    await eventually('its delivery', patienceMs, async () => {
      const taken = await sequences();
      return [...said].every(([collector, sequence]) => (taken.get(collector) ?? 0) >= sequence) || null;
    });
    expect((await status()).held).toMatchObject({ requests: 0, delivered: expect.any(Number) });
  }, 500_000);
});
