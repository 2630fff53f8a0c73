import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey, type Detection, explainDetection, getAsset, listAssets, listDetections } from '@vedette/protocol';
import { agentProgram, eventually, PlatformProcess, type PrivateCopy, privateCopy, privateCopyRefusal } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDebianFeed, unpackDebianFeed } from './debian-feed.ts';
import {
  canReachArchive,
  installFiles,
  pendingUpgrade,
  possibleLowering,
  repack,
  type Upgrade,
  upgrade,
} from './debian-upgrade.ts';
import {
  expectedFindings,
  findingLine,
  installedFormat,
  type InstalledPackage,
  readInstalled,
  readLists,
  type Said,
} from './expected-findings.ts';

/** Where everything is there, nothing may be left out. */
const mustRun = process.env['CI'] === 'true';
const refusal = hasDebianFeed() ? await copyRefusal() : 'no feed data';
const patienceMs = 60_000;

async function copyRefusal(): Promise<string | null> {
  const reason = await privateCopyRefusal();
  return reason && `no private copy of this machine: ${reason}`;
}

describe.skipIf(refusal !== null && !mustRun)(`the first story${refusal === null ? '' : ` (skipped: ${refusal})`}`, () => {
  const stack = new AsyncDisposableStack();
  let copy: PrivateCopy;
  let platform: PlatformProcess;
  let agent: ChildProcess;
  let agentLog = '';
  let feedDirectory: string;
  let lists: Map<string, Said[]>;
  let assetId: Detection['assetId'];
  let upgraded: { upgrade: Upgrade; files: readonly string[]; detections: readonly Detection[]; lowered: boolean } | null = null;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-story-'));
    stack.defer(() => rmSync(directory, { recursive: true }));
    feedDirectory = join(directory, 'feed');
    unpackDebianFeed(feedDirectory);
    const program = agentProgram();
    platform = stack.use(
      await PlatformProcess.start({ VEDETTE_FEED_DIR: feedDirectory, VEDETTE_STARTER_FILE: join(directory, 'none') }),
    );
    copy = stack.use(await privateCopy());
    const key = await platform.client.call(createActivationKey, { body: { name: 'first story', maxUses: 1 } });
    const settings = ['--platform', platform.url, '--state-dir', '/var/lib/vedette-agent', '--log-level', 'info'];
    agent = copy.start(program, ['run', ...settings], { environment: { VEDETTE_ACTIVATION_KEY: key.secret } });
    agent.stdout?.resume();
    agent.stderr?.setEncoding('utf8').on('data', (text: string) => (agentLog += text));
    assetId = await eventually('the first inventory', patienceMs, firstAsset).catch((error: unknown) => {
      throw new Error(`the agent has reported nothing:\n${agentLog}`, { cause: error });
    });
    lists = readLists(feedDirectory, await release());
  });
  afterAll(() => stack.disposeAsync());

  async function firstAsset(): Promise<Detection['assetId'] | null> {
    const { items } = await platform.client.call(listAssets, { query: {} });
    return items[0] && items[0].packages > 0 ? items[0].assetId : null;
  }

  async function release() {
    const fields = new Map(
      (await copy.run('cat', ['/etc/os-release'])).split('\n').map((line) => [line.split('=')[0], line.split('=')[1]]),
    );
    return { codename: fields.get('VERSION_CODENAME') ?? '', number: (fields.get('VERSION_ID') ?? '').replaceAll('"', '') };
  }

  async function installed(): Promise<InstalledPackage[]> {
    return readInstalled(await copy.run('dpkg-query', ['-W', '-f', installedFormat]));
  }

  /** Every page; without lastFound, which moves on while a detection stays open. */
  async function detections(status: 'open' | 'fixed'): Promise<Omit<Detection, 'lastFound'>[]> {
    const found: Omit<Detection, 'lastFound'>[] = [];
    for (;;) {
      const page = await platform.client.call(listDetections, {
        query: { status, kind: 'vulnerability', limit: 100, offset: found.length },
      });
      found.push(...page.items.map(({ lastFound: _moves, ...item }) => item));
      if (found.length >= page.total || page.items.length === 0) return found;
    }
  }

  async function openFindings(): Promise<string[]> {
    return (await detections('open'))
      .flatMap(({ name, packages }) =>
        // The running kernel is no matter of dpkg-query.
        packages
          .filter(({ role }) => role !== 'running')
          .map((pkg) => findingLine(name, { ...pkg, version: pkg.installed }, pkg.fixed)),
      )
      .toSorted();
  }

  /** Waits until the platform says just this of the machine; if it never does, shows the difference. */
  async function expectFindings(expected: readonly string[]): Promise<void> {
    await eventually('the expected detections', patienceMs, async () =>
      (await openFindings()).join() === expected.join() ? true : null,
    ).catch(() => null);
    const found = await openFindings();
    expect({
      missing: expected.filter((line) => !found.includes(line)),
      unexpected: found.filter((line) => !expected.includes(line)),
    }).toEqual({ missing: [], unexpected: [] });
    expect(found).toEqual(expected);
  }

  async function packageSync() {
    const { agent: state } = await platform.client.call(getAsset, { params: { assetId } });
    const collector = state?.collectors.find(({ name }) => name === 'dpkg');
    if (!collector) throw new Error('the platform has no packages of this asset');
    return collector;
  }

  it('finds exactly what follows from dpkg-query and the lists of the security tracker', async () => {
    const packages = await installed();
    const { asset } = await platform.client.call(getAsset, { params: { assetId } });
    expect(asset.packages).toBe(packages.length);
    const expected = expectedFindings(lists, packages);
    expect(expected.length, 'a machine without any finding proves nothing').toBeGreaterThan(0);
    await expectFindings(expected);
    console.info(`${expected.length} findings in ${packages.length} packages`);
  });

  it('explains a detection down to the line of the list it came from', async () => {
    const patchable = (await detections('open')).find(
      ({ packages }) => packages[0]?.feed === 'debian-dla' || packages[0]?.feed === 'debian-dsa',
    );
    if (!patchable) throw new Error('no detection rests on an advisory');
    const { why, intervals } = await platform.client.call(explainDetection, { params: { assetId, check: patchable.check } });
    expect(intervals).toEqual([{ from: patchable.firstFound, until: null, cause: 'first-scan', endCause: null }]);
    expect(why.map((reason) => reason.package)).toEqual(expect.arrayContaining(patchable.packages));
    const packages = await installed();
    for (const { package: found, sourcePackage, sourceVersion, comparison, verdict, advisory, origin, sentence } of why) {
      const pkg = packages.find(({ name, architecture }) => name === found.name && architecture === found.architecture);
      expect({ sourcePackage, sourceVersion, verdict }).toEqual({
        sourcePackage: pkg?.source,
        sourceVersion: pkg?.sourceVersion,
        verdict: 'affected',
      });
      expect(comparison).toMatchObject({ left: sourceVersion, operator: '<', right: found.fixed });
      expect(sentence).toContain(sourceVersion);
      const kind = advisory.id.slice(0, 3);
      const files = globSync(`${kind}*.list`, { cwd: feedDirectory })
        .toSorted()
        .map((name) => readFileSync(join(feedDirectory, name)));
      expect(Buffer.concat(files).toString('utf8')).toContain(`] ${advisory.id} `);
      expect(origin).toMatchObject({
        feed: `debian-${kind.toLowerCase()}`,
        sha256: createHash('sha256').update(Buffer.concat(files)).digest('hex'),
      });
    }
  });

  it('closes detections seconds after apt has upgraded the package, and leaves all others as they are', async ({ skip }) => {
    if (!(await canReachArchive(copy)) && !mustRun) skip("skipped: Debian's archive cannot be reached");
    const { chosen, lowered } = await chooseUpgrade();
    const versions = await installed();
    const selectors = versions.filter(({ name }) => chosen.packages.includes(name)).map(({ selector }) => selector);
    const files: string[] = [];
    for (const selector of selectors) files.push(await repack(copy, selector));
    const before = await detections('open');
    const syncBefore = await packageSync();

    await upgrade(copy, chosen.packages);
    const upgradedAt = Date.now();

    await expectFindings(expectedFindings(lists, await installed()));
    const after = await detections('open');
    const fixed = before.filter(({ check }) => !after.some((one) => one.check === check));
    expect(fixed.length).toBeGreaterThan(0);
    expect(after.filter((one) => !concerns(one, chosen))).toEqual(before.filter((one) => !concerns(one, chosen)));
    expect((await detections('fixed')).map(({ check, status }) => ({ check, status }))).toEqual(
      expect.arrayContaining(fixed.map(({ check }) => ({ check, status: 'fixed' }))),
    );
    const sync = await packageSync();
    // apt unpacks and configures in two runs of dpkg, and is one delta all the same.
    expect(sync.sequence).toBe(syncBefore.sequence + 1);
    expect(sync.snapshotBytes).toBe(syncBefore.snapshotBytes);
    expect(sync.lastBytes).toBeLessThan(300 + 100 * chosen.packages.length);
    const cured = await fixedOnes(fixed);
    const seconds = secondsUntil(
      cured.map(({ fixedAt }) => fixedAt),
      upgradedAt,
    );
    expect(seconds).toBeLessThan(patienceMs / 1000);
    upgraded = { upgrade: chosen, files, lowered, detections: cured };
    console.info(
      `${chosen.packages.join(', ')} upgraded: ${fixed.length} detections fixed after ${seconds} s, ${sync.lastBytes} bytes sent`,
    );
  });

  it('reopens the same detections when the old package comes back', async ({ skip }) => {
    if (!upgraded) return skip('skipped: nothing was upgraded');
    const syncBefore = await packageSync();

    await installFiles(copy, upgraded.files);
    const downgradedAt = Date.now();

    await expectFindings(expectedFindings(lists, await installed()));
    const begins: (string | null)[] = [];
    const open = await detections('open');
    for (const was of upgraded.detections) {
      const now = open.find(({ check }) => check === was.check);
      expect(now).toMatchObject({ status: 'reopened', firstFound: was.firstFound, fixedAt: null });
      const { intervals } = await platform.client.call(explainDetection, { params: { assetId, check: was.check } });
      const firstCause = upgraded.lowered ? 'package-change' : 'first-scan';
      expect(intervals).toEqual([
        { from: was.firstFound, until: was.fixedAt, cause: firstCause, endCause: 'package-change' },
        { from: expect.any(String), until: null, cause: 'package-change', endCause: null },
      ]);
      expect(Date.parse(intervals[1]?.from ?? '')).toBeGreaterThan(Date.parse(was.fixedAt ?? ''));
      begins.push(intervals[1]?.from ?? null);
    }
    const sync = await packageSync();
    expect(sync.snapshotBytes).toBe(syncBefore.snapshotBytes);
    expect(agent.exitCode).toBeNull();
    console.info(
      `downgraded: ${upgraded.detections.length} detections reopened after ${secondsUntil(begins, downgradedAt)} s, ${sync.lastBytes} bytes sent`,
    );
  });

  /** A pending security upgrade; where there is none, one is made by putting a package back. */
  async function chooseUpgrade(): Promise<{ chosen: Upgrade; lowered: boolean }> {
    const chosen = await pendingUpgrade(copy, await detections('open'));
    if (chosen) return { chosen, lowered: false };
    const fixes = (source: string) => (lists.get(source) ?? []).flatMap((said) => [...said.byAdvisory, ...said.byChangelog]);
    const lowering = await possibleLowering(copy, await installed(), fixes);
    if (!lowering) throw new Error('no package of this machine can be upgraded, nor put back');
    await installFiles(copy, [await repack(copy, lowering.package, lowering.version)]);
    await expectFindings(expectedFindings(lists, await installed()));
    const made = await pendingUpgrade(copy, await detections('open'));
    if (!made) throw new Error(`apt offers no upgrade of ${lowering.package} from ${lowering.version}`);
    return { chosen: made, lowered: true };
  }

  async function fixedOnes(wanted: readonly { check: number }[]): Promise<Detection[]> {
    const fixed = await platform.client.call(listDetections, {
      query: { status: 'fixed', kind: 'vulnerability', limit: 500 },
    });
    return fixed.items.filter(({ check }) => wanted.some((one) => one.check === check));
  }

  function concerns({ packages }: Pick<Detection, 'packages'>, { source }: Upgrade): boolean {
    return packages.some((pkg) => pkg.source === source);
  }
});

/** From a moment to the last of these, rounded; negative where all were earlier (apt still had something to do). */
function secondsUntil(instants: readonly (string | null)[], since: number): number {
  return Math.round((Math.max(...instants.map((instant) => Date.parse(instant ?? ''))) - since) / 100) / 10;
}
