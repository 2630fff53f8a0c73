import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createActivationKey,
  type Detection,
  getAsset,
  getDashboard,
  getKnowledge,
  listAssets,
  listChecks,
  listDetections,
  listFacts,
} from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import { agentProgram, endProcess, eventually, PlatformProcess } from '@vedette/testkit';
import { expect, it } from 'vitest';
import { FleetConnection } from '../../tools/fleet/connection.ts';
import { eachOf, persist } from '../../tools/fleet/drive.ts';
import { Fleet } from '../../tools/fleet/fleet.ts';
import { Random } from '../../tools/fleet/random.ts';
import { Tally } from '../../tools/fleet/tally.ts';
import { hasDebianFeed, unpackDebianFeed } from './debian-feed.ts';

const patienceMs = 120_000;
const repository = join(import.meta.dirname, '../..');

it('gives every answer as before, now and as of the past, when a backup of the running platform is restored into an empty directory', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'vedette-restore-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  // PostgreSQL does not run as root: its user has to come through here.
  chmodSync(directory, 0o755);
  const environment: Record<string, string> = { VEDETTE_BOOTSTRAP_PASSWORD: 'known to both' };
  if (hasDebianFeed()) {
    environment['VEDETTE_FEED_DIR'] = join(directory, 'feed');
    unpackDebianFeed(environment['VEDETTE_FEED_DIR']);
  } else console.warn('skipped: no feed data; the starter knowledge base is all');
  const platform = stack.use(await PlatformProcess.start(environment));
  const moments = [new Date().toISOString()];
  await reportThisMachine(platform);
  moments.push(new Date().toISOString());
  await reportFleet(platform);
  await eventually('the verdicts', patienceMs, async () => ((await unjudged(platform)) === 0 ? true : null));
  moments.push(new Date().toISOString());
  const before = await answersOf(platform, moments);
  const found = new Set(before.detections.map(({ status }) => status));
  expect([before.assets.length, found.has('fixed'), found.has('new')]).toEqual([4, true, true]);
  expect(before.detections.length).toBeGreaterThan(100);
  // The past differs from now: otherwise these answers would prove little.
  expect(new Set(before.past.map((detections) => detections.length)).size).toBeGreaterThan(1);

  const file = join(directory, 'platform.backup');
  run('backup', file, platform.dataDirectory);
  const dataDirectory = join(directory, 'restored');
  run('restore', file, dataDirectory);
  const restored = stack.use(await PlatformProcess.start({ ...environment, VEDETTE_DATA_DIR: dataDirectory }));
  expect(differences(before, await answersOf(restored, moments))).toEqual([]);
});

/** The documented commands, as a person types them. */
function run(command: 'backup' | 'restore', file: string, dataDirectory: string): void {
  execFileSync('npm', ['run', '--silent', command, '--', file], {
    cwd: repository,
    env: { ...process.env, VEDETTE_DATA_DIR: dataDirectory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The real agent, with all that it finds here, until it has nothing more to say. */
async function reportThisMachine(platform: PlatformProcess): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const state = mkdtempSync(join(tmpdir(), 'vedette-agent-'));
  stack.defer(() => rmSync(state, { recursive: true }));
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'this machine', maxUses: 1 } });
  const agent = spawn(agentProgram(), ['run', '--platform', platform.url, '--state-dir', state], {
    stdio: 'ignore',
    env: { ...process.env, VEDETTE_ACTIVATION_KEY: secret },
  });
  stack.defer(() => endProcess(agent, 'SIGTERM'));
  await eventually('the first inventory', patienceMs, async () => {
    const [asset] = (await platform.client.call(listAssets, { query: {} })).items;
    if (!asset) return null;
    const { agent: known } = await platform.client.call(getAsset, { params: { assetId: asset.assetId } });
    return known?.lastCheckIn != null && (await unjudged(platform)) === 0 ? true : null;
  });
}

/** Some simulated machines whose detections come and go. */
async function reportFleet(platform: PlatformProcess): Promise<void> {
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'fleet', maxUses: 3 } });
  using connection = new FleetConnection({ url: new URL(platform.url), sockets: 8, verifyEvery: 1 });
  const fleet = new Fleet(5, 3, connection);
  const drive = { tally: new Tally(), signal: new AbortController().signal, random: new Random('restore'), attempts: 100 };
  await eachOf(fleet.agents, 4, async (agent) => {
    await persist(() => fleet.enroll(agent, secret), drive);
    await persist(() => fleet.firstSync(agent), drive);
    for (let turn = agent.index % 3; turn > 0; turn -= 1) await persist(() => fleet.toggleWeakness(agent), drive);
    await persist(() => fleet.delta(agent), drive);
  });
  expect(drive.tally.failed).toBe(0);
}

async function unjudged(platform: PlatformProcess): Promise<number> {
  const host = join(platform.dataDirectory, 'postgres/socket');
  const { db, close } = openDatabase({ host, user: 'vedette', database: 'vedette' });
  const rows = await db.selectFrom('unjudged').select('packageVersionId').execute();
  await close();
  return rows.length;
}

async function answersOf({ client }: PlatformProcess, moments: readonly string[]) {
  const { items: assets } = await client.call(listAssets, { query: { limit: 100 } });
  const { trend, ...dashboard } = await client.call(getDashboard, {});
  const { version, checks } = await client.call(getKnowledge, {});
  const past: Detection[][] = [];
  for (const asOf of moments)
    past.push(await everyPage((page) => client.call(listDetections, { query: { ...page, status: 'all', asOf } })));
  const facts: unknown[] = [];
  const agents: unknown[] = [];
  for (const { assetId } of assets) {
    const { agent } = await client.call(getAsset, { params: { assetId } });
    agents.push(agent);
    for (const { name } of agent?.collectors ?? [])
      facts.push(await everyPage((page) => client.call(listFacts, { params: { assetId, collector: name }, query: page })));
  }
  return {
    assets,
    agents,
    facts,
    // Its last moment is now.
    dashboard: { ...dashboard, trend: trend.map(({ open }) => open) },
    knowledge: { version, checks },
    checks: await everyPage((page) => client.call(listChecks, { query: { ...page, detected: 'true' } })),
    detections: await everyPage((page) => client.call(listDetections, { query: { ...page, status: 'all' } })),
    past,
  };
}

/** What one of the two says and the other does not, part by part: a whole comparison of thousands of answers would show nothing. */
function differences(one: object, other: object, path = ''): string[] {
  const found: string[] = [];
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const [left, right] = [one, other].map((each) => (each as Record<string, unknown>)[key]);
    if (typeof left === 'object' && typeof right === 'object' && left !== null && right !== null)
      found.push(...differences(left, right, `${path}/${key}`));
    else if (left !== right) found.push(`${path}/${key}: ${JSON.stringify(left)} and then ${JSON.stringify(right)}`);
  }
  return found;
}

async function everyPage<Item>(
  load: (page: { limit: number; offset: number }) => Promise<{ total: number; items: Item[] }>,
): Promise<Item[]> {
  const all: Item[] = [];
  for (;;) {
    const { items, total } = await load({ limit: 500, offset: all.length });
    all.push(...items);
    if (all.length >= total || items.length === 0) return all;
  }
}
