import { hash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestLimits, type Origins } from '@vedette/protocol';
import { deltaTarget, programTarget } from '@vedette/release';
import { TestReleases } from '@vedette/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReleaseServer } from '../testing/release-server.ts';
import { noProxies } from '../transport/proxies.ts';
import { readContent } from './content-file.ts';
import { realDisk } from './disk.ts';
import { fetchRelease, type FetchOutcome } from './fetch-release.ts';
import { findInstallation, type Installation } from './installation.ts';
import { Slots } from './slots.ts';

/** A program that says its version when it is asked to test itself; the rest of it compresses badly. */
function program(version: string, noise = randomBytes(60_000).toString('hex')): Buffer {
  return Buffer.from(
    `if (process.argv[2] === 'self-test') process.stdout.write(JSON.stringify({ "version": ${JSON.stringify(version)} }));\n// ${noise}\n`,
  );
}

const noise = randomBytes(60_000).toString('hex');
const first = program('1.0.0', noise);
let directory = '';
let stack: AsyncDisposableStack;
let releases: TestReleases;
let platform: ReleaseServer;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = mkdtempSync(join(tmpdir(), 'vedette-fetch-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'lib'));
  mkdirSync(join(directory, 'state'));
  symlinkSync(process.execPath, join(directory, 'lib/node'));
  writeFileSync(join(directory, 'lib/agent.mjs'), first);
  writeFileSync(join(directory, 'lib/release'), `1.0.0 ${hash('sha256', first)} ${hash('sha256', 'runtime')}\n`);
  releases = stack.use(await TestReleases.create());
  platform = stack.use(await ReleaseServer.start({ directory: releases.directory }));
});
afterEach(() => stack.disposeAsync());

function installation(): Installation {
  const found = findInstallation(join(directory, 'state'), {
    VEDETTE_LIB: join(directory, 'lib'),
    VEDETTE_SLOT: 'base',
    VEDETTE_ATTEMPT: 'none',
  });
  if (!found) throw new Error('no installation');
  return found;
}

function fetch(version: string, more: Partial<Parameters<typeof fetchRelease>[0]> = {}): Promise<FetchOutcome> {
  return fetchRelease({
    installation: installation(),
    platform: platform.url,
    ca: undefined,
    proxies: noProxies,
    stateDirectory: join(directory, 'state'),
    subject: 'agent',
    version,
    region: null,
    signal: new AbortController().signal,
    ...more,
  });
}

const slotFile = (name: string): Buffer => readFileSync(join(directory, 'state/upgrade/slots/a', name));
const release = (version: string, bytes: Buffer): Promise<string> =>
  releases.releaseProgram(bytes, { product: 'agent', version });

/** A delta as a release has it: zstd with the old file as dictionary. */
async function releaseWithDelta(version: string, bytes: Buffer, memoryBytes: number): Promise<number> {
  const [oldFile, newFile, deltaFile] = ['old', 'new', 'delta'].map((name) => join(directory, name)) as [string, string, string];
  writeFileSync(oldFile, first);
  writeFileSync(newFile, bytes);
  execFileSync('zstd', ['-q', '-f', '--long=27', '--patch-from', oldFile, newFile, '-o', deltaFile]);
  const name = deltaTarget('agent', 'linux-x64', { version, from: '1.0.0' });
  const unpacked = { sha256: hash('sha256', bytes), length: bytes.length };
  const { length } = readFileSync(deltaFile);
  const common = { product: 'agent', version, platform: 'linux-x64', unpacked } as const;
  const from = { version: '1.0.0', sha256: hash('sha256', first), length: first.length };
  await releases.stage([
    { name, file: deltaFile, custom: { kind: 'delta', encoding: 'zstd-patch', ...common, from, windowLog: 27, memoryBytes } },
  ]);
  const deltas = [{ target: name, fromSha256: from.sha256, length }];
  const custom = { kind: 'program', encoding: 'identity', releasedAt: new Date().toISOString(), deltas, ...common } as const;
  await releases.stage([{ name: programTarget('agent', 'linux-x64', version), file: newFile, custom }]);
  await releases.publish();
  return length;
}

const bytesOf = (outcome: FetchOutcome): number => outcome.origins.reduce((sum, { bytes }) => sum + bytes, 0);

describe('fetchRelease', () => {
  it('puts a signed version on trial', async () => {
    const second = program('2.0.0');
    await release('2.0.0', second);
    expect(await fetch('2.0.0')).toMatchObject({ status: 'staged', reason: null });
    expect(slotFile('agent.mjs').equals(second)).toBe(true);
    expect(installation().slots.state).toMatchObject({ trial: { slot: 'a' }, slots: { a: { version: '2.0.0' } } });
  });

  it('brings the runtime that the code was tested with, when it is another one', async () => {
    const runtime = readFileSync('/bin/sh');
    await releases.releaseProgram(runtime, { product: 'runtime', version: '99.0.0' });
    await releases.releaseProgram(program('2.0.0'), { product: 'agent', version: '2.0.0', runtime: '99.0.0' });
    // sh is no Node: it fails the self-test, in its slot.
    expect(await fetch('2.0.0')).toMatchObject({ status: 'failed', reason: 'preflight' });
    expect(slotFile('node').equals(runtime)).toBe(true);
    expect(installation().slots.state.trial).toBeNull();
  });

  it.each([
    ['does not start', Buffer.from('throw new Error("not today")'), /not today/],
    ['is another version than it should be', program('3.0.0'), /3\.0\.0/],
    ['ends without a word', Buffer.from('process.exit(9)'), /ended with 9/],
  ])('switches nothing when the new version %s', async (_, bytes, detail) => {
    await release('2.0.0', bytes);
    const outcome = await fetch('2.0.0');
    expect(outcome).toMatchObject({ status: 'failed', reason: 'preflight', detail: expect.stringMatching(detail) as string });
    expect(installation().slots.state).toMatchObject({
      trial: null,
      committed: 'base',
      last: { outcome: 'failed', to: '2.0.0' },
    });
  });

  it('takes the edges that signed metadata names, from the first run on', async () => {
    const edge = stack.use(await ReleaseServer.start({ directory: releases.directory }));
    const regions: Origins['regions'] = [{ name: 'emea', title: 'EMEA', origins: [edge.url.href] }];
    await releases.releaseOrigins({ format: 'vedette-origins-1', regions, defaultRegion: 'emea' });
    await release('2.0.0', program('2.0.0'));
    const { origins } = await fetch('2.0.0');
    expect(origins.find(({ isPlatform }) => !isPlatform)?.bytes).toBeGreaterThan(60_000);
    platform.sentAt.length = 0;
    installation().slots.rollBack({ code: 'unhealthy', text: 'for this test' });
    await release('2.0.1', program('2.0.1'));
    await fetch('2.0.1');
    expect(platform.sentAt).toEqual([]);
  });

  it.skipIf(!hasZstd())('fetches a delta to what it has, and the whole where memory is short', async () => {
    const second = program('2.0.0', `${noise}changed`);
    const deltaBytes = await releaseWithDelta('2.0.0', second, 1000);
    const outcome = await fetch('2.0.0');
    expect(outcome.detail).toBe('');
    expect(slotFile('agent.mjs').equals(second)).toBe(true);
    expect(bytesOf(outcome)).toBeLessThan(deltaBytes + 20_000);
    installation().slots.rollBack({ code: 'unhealthy', text: 'for this test' });
    const third = program('3.0.0', `${noise}again`);
    await releaseWithDelta('3.0.0', third, 1_000_000_000);
    expect(bytesOf(await fetch('3.0.0'))).toBeGreaterThan(third.length);
    expect(slotFile('agent.mjs').equals(third)).toBe(true);
  });

  it('gives a target up that came wrong three times, until its metadata changes', async () => {
    const wrong = stack.use(await ReleaseServer.start({ directory: releases.directory, fault: 'altered' }));
    await release('2.0.0', program('2.0.0'));
    const outcomes: string[] = [];
    for (let times = 0; times < 4; times += 1) outcomes.push((await fetch('2.0.0', { platform: wrong.url })).detail);
    expect(outcomes.map((detail) => detail.includes('given up'))).toEqual([false, false, false, true]);
    await release('2.0.1', program('2.0.1'));
    expect(await fetch('2.0.0')).toMatchObject({ status: 'staged' });
  });

  it('refuses a version that was rolled back here', async () => {
    await release('2.0.0', program('2.0.0'));
    await fetch('2.0.0');
    installation().slots.rollBack({ code: 'unhealthy', text: 'it was not well' });
    expect(await fetch('2.0.0')).toMatchObject({ status: 'failed', reason: 'refused' });
  });

  it('says what it could not find or reach, and changes nothing', async () => {
    expect(await fetch('9.9.9')).toMatchObject({ status: 'failed', reason: 'unknown-version' });
    const dead = stack.use(await ReleaseServer.start({ directory: releases.directory, fault: 'refused' }));
    await release('2.0.0', program('2.0.0'));
    expect(await fetch('2.0.0', { platform: dead.url })).toMatchObject({ status: 'failed', reason: 'unreachable' });
    expect(installation().slots.state).toMatchObject({ committed: 'base', trial: null });
  });

  it('says that it may not write, where it may not', async () => {
    await release('2.0.0', program('2.0.0'));
    const found = installation();
    const refuse = (): never => {
      throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    };
    const disk = { ...found.disk, write: refuse, makeDirectory: refuse, append: refuse };
    const slots = new Slots({
      disk,
      directory: found.directory,
      base: { ...found.slots.contentOf('base'), line: 'x' },
      now: () => '',
    });
    const outcome = await fetch('2.0.0', { installation: { ...found, disk, slots } });
    expect(outcome).toMatchObject({ status: 'failed', reason: 'permission', detail: 'EROFS: read-only file system' });
  });

  it('refuses expired metadata', async () => {
    const old = stack.use(await TestReleases.create(new Date(Date.now() - 20 * 24 * 3600 * 1000)));
    const server = stack.use(await ReleaseServer.start({ directory: old.directory }));
    expect(await fetch('2.0.0', { platform: server.url })).toMatchObject({ status: 'failed', reason: 'expired' });
  });

  it.each(['lib/root.json', 'state/root.json'])('trusts the root in %s before that of any platform', async (path) => {
    const other = stack.use(await TestReleases.create());
    writeFileSync(join(directory, path), await other.root());
    await release('2.0.0', program('2.0.0'));
    expect(await fetch('2.0.0')).toMatchObject({ status: 'failed', reason: 'verification', notes: [] });
  });

  it('trusts the root that the installer brought before that of the package', async () => {
    const other = stack.use(await TestReleases.create());
    writeFileSync(join(directory, 'lib/root.json'), await other.root());
    writeFileSync(join(directory, 'state/root.json'), await releases.root());
    await release('2.0.0', program('2.0.0'));
    expect(await fetch('2.0.0')).toMatchObject({ status: 'staged', notes: [] });
  });

  it('says which root it took from the platform, once', async () => {
    await release('2.0.0', program('2.0.0'));
    const sha256 = hash('sha256', await releases.root());
    const { notes } = await fetch('2.0.0');
    expect(notes).toEqual([`trusts the root of releases of ${platform.url.origin}, SHA-256 ${sha256}`]);
    expect((await fetch('2.0.0')).notes).toEqual([]);
  });

  it('takes no root from a platform elsewhere without TLS', async () => {
    expect(await fetch('2.0.0', { platform: new URL('http://192.0.2.1:1/') })).toMatchObject({
      status: 'failed',
      reason: 'verification',
      detail: 'no root of signed releases was installed, and the platform is reached without TLS',
    });
  });

  describe('a manifest', () => {
    const manifest = { format: 1, version: 5, probes: [{ id: 'a', kind: 'file', path: '/etc/passwd' }] };
    const take = (version: string) => fetch(version, { subject: 'manifests' });
    const kept = () => readContent(realDisk, installation().directory, 'manifests');

    it('is fetched from an edge, verified and kept, and changes no slot', async () => {
      await releases.releaseContent('manifests', '5', Buffer.from(JSON.stringify(manifest)));
      const edge = stack.use(await ReleaseServer.start({ directory: releases.directory }));
      await releases.releaseOrigins({
        format: 'vedette-origins-1',
        defaultRegion: 'emea',
        regions: [{ name: 'emea', title: 'EMEA', origins: [edge.url.href] }],
      });
      const { status, origins } = await take('5');
      expect([status, origins.map(({ bytes }) => bytes > 0)]).toEqual(['staged', [true, false]]);
      expect(kept()).toMatchObject({ version: '5', text: JSON.stringify(manifest) });
      expect(installation().slots.state.trial).toBeNull();
    });

    it.each([
      ['is not understood', '5', JSON.stringify({ ...manifest, format: 99 }), 'preflight', /its format is not known/],
      ['is none at all', '5', 'rubbish', 'preflight', /no JSON/],
      ['is too large', '5', `${JSON.stringify(manifest)}${' '.repeat(manifestLimits.bytes)}`, 'preflight', /larger than/],
      ['nobody signed', '6', JSON.stringify(manifest), 'unknown-version', /no signed metadata names/],
    ] as const)('that %s is not taken, and the one before stays', async (...[, version, text, reason, detail]) => {
      await releases.releaseContent('manifests', '4', Buffer.from(JSON.stringify({ ...manifest, version: 4 })));
      await take('4');
      await releases.releaseContent('manifests', '5', Buffer.from(text));
      const outcome = await take(version);
      expect([outcome.status, outcome.reason, outcome.detail]).toEqual(['failed', reason, expect.stringMatching(detail)]);
      expect(kept()?.version).toBe('4');
      expect(installation().slots.state.last).toBeNull();
    });

    it('that altered bytes are all there is of is not taken', async () => {
      await releases.releaseContent('manifests', '5', Buffer.from(JSON.stringify(manifest)));
      const folder = join(releases.directory, 'targets/content/manifests');
      for (const name of readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        bytes[10] = (bytes[10] ?? 0) ^ 1;
        writeFileSync(join(folder, name), bytes);
      }
      expect(await take('5')).toMatchObject({ status: 'failed', reason: 'verification' });
      expect(kept()).toBeNull();
    });
  });

  it.each([
    ['lets its metadata drip', 'drip', /less than 4096 bytes/],
    ['lets its targets drip', 'trickle', /less than 4096 bytes|SHA-256/],
  ] as const)('leaves an edge that %s, and is done all the same', async (_, fault, said) => {
    const edge = stack.use(await ReleaseServer.start({ directory: releases.directory, fault }));
    await releases.releaseOrigins({
      format: 'vedette-origins-1',
      defaultRegion: 'emea',
      regions: [{ name: 'emea', title: 'EMEA', origins: [edge.url.href] }],
    });
    // Which learns of the edge.
    await fetch('0.0.1');
    await release('2.0.0', program('2.0.0', randomBytes(200_000).toString('hex')));
    const { status, origins } = await fetch('2.0.0');
    expect([status, origins[0]?.failure]).toEqual(['staged', expect.stringMatching(said)]);
  });

  it('goes on after it was killed', async () => {
    await release('2.0.0', program('2.0.0'));
    const stop = new AbortController();
    const fetching = fetch('2.0.0', { signal: stop.signal });
    stop.abort();
    await expect(fetching).rejects.toThrow(/abort/i);
    expect(await fetch('2.0.0')).toMatchObject({ status: 'staged' });
  });
});

function hasZstd(): boolean {
  try {
    execFileSync('zstd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
