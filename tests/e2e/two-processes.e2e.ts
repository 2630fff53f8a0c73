import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createActivationKey,
  getDashboard,
  getKnowledge,
  listAssets,
  listChecks,
  listDetections,
  refreshKnowledge,
  revokeAgent,
  type AssetId,
} from '@vedette/protocol';
import { openDatabase, startEmbeddedPostgres } from '@vedette/server';
import { eventually, PlatformProcess } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FeedDirectory } from '../../tools/bench/fleet/feed-directory.ts';
import { FleetConnection } from '../../tools/fleet/connection.ts';
import { eachOf, persist } from '../../tools/fleet/drive.ts';
import { type AgentState, Fleet, RefusedError } from '../../tools/fleet/fleet.ts';
import { Random } from '../../tools/fleet/random.ts';
import { Tally } from '../../tools/fleet/tally.ts';

const patienceMs = 60_000;
const size = 30;

const stack = new AsyncDisposableStack();
let directory: string;
let environment: Record<string, string>;
let first: PlatformProcess;
let second: PlatformProcess;
/** The same agents by two ways: through the first platform and through the second. */
let fleets: readonly [Fleet, Fleet];
let drive: { readonly tally: Tally; readonly signal: AbortSignal; readonly random: Random; readonly attempts: number };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-two-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  // PostgreSQL does not run as root: its user has to come through here.
  chmodSync(directory, 0o755);
  const options = { dataDirectory: join(directory, 'external'), log: () => undefined };
  const { connection } = stack.use(await startEmbeddedPostgres(options));
  environment = {
    DATABASE_URL: `postgres://${connection.user}@localhost/${connection.database}?host=${encodeURIComponent(connection.host)}`,
    VEDETTE_BOOTSTRAP_PASSWORD: 'known to both',
    VEDETTE_SECRET_KEY: randomBytes(32).toString('base64'),
    VEDETTE_FEED_DIR: new FeedDirectory(join(directory, 'feed')).path,
  };
  // At once, on an empty database: migrations, key, administrator and knowledge are made by one of the two.
  const platforms = await Promise.all([PlatformProcess.start(environment), PlatformProcess.start(environment)]);
  for (const platform of platforms) stack.use(platform);
  [first, second] = platforms;
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  drive = { tally: new Tally(), signal: stop.signal, random: new Random('two'), attempts: 1000 };
  const [one, other] = platforms.map(({ url }) => {
    return new Fleet(11, size, stack.use(new FleetConnection({ url: new URL(url), sockets: 32, verifyEvery: 1 })));
  });
  if (!one || !other) throw new Error('there are two platforms');
  fleets = [one, other];
});
afterAll(() => stack.disposeAsync());

it('loses nothing and answers the same when one of two processes is killed under load', async () => {
  const [one, other] = fleets;
  const { secret } = await second.client.call(createActivationKey, { body: { name: 'two', maxUses: size } });
  // Enrolled at one, the first inventory at the other: neither knows more of an agent than the database says.
  await eachOf(one.agents, 8, async (agent) => {
    await persist(() => one.enroll(agent, secret), drive);
    await persist(() => other.firstSync(agent), drive);
  });
  let ended = false;
  let isKilled = false;
  const load = eachOf(one.agents, size, async (agent) => {
    for (let turn = agent.index; !ended && !drive.signal.aborted; turn += 1) {
      // As behind a load balancer: each request may go to another process, and after a failure it goes to the one that is left.
      await persist(() => (isKilled || turn % 2 === 1 ? other : one).toggleWeakness(agent), drive);
      await persist(() => (isKilled || turn % 2 === 0 ? other : one).checkIn(agent), drive);
    }
  });
  await progress('changes at both');
  isKilled = true;
  await first.kill();
  await progress('changes at the one that is left');
  ended = true;
  await load;
  expect(drive.tally.failed).toBe(0);
  expect(await missing(other)).toEqual([]);
  // Also what the killed one entered and did not judge any more.
  await eventually('the verdicts', patienceMs, async () => ((await unjudged()) === 0 ? true : null));
  await first.restart();
  expect(await missing(one)).toEqual([]);
  expect(await answersOf(first)).toEqual(await answersOf(second));
});

it('shows knowledge that one process imported at the other', async () => {
  const feed = new FeedDirectory(join(directory, 'next-feed'));
  const [name = ''] = feed.addChecks(1);
  const before = await first.client.call(getKnowledge, {});
  const importing = await PlatformProcess.start({ ...environment, VEDETTE_FEED_DIR: feed.path, VEDETTE_ROLE: 'api' });
  stack.use(importing);
  await importing.client.call(refreshKnowledge, {});
  const { version } = await first.client.call(getKnowledge, {});
  expect(version).toBe(before.version + 1);
  const { items } = await first.client.call(listChecks, { query: { search: name, detected: 'true' } });
  expect(items).toHaveLength(1);
  expect(await answersOf(first)).toEqual(await answersOf(importing));
  // This role is for people: an agent finds nothing there.
  expect((await fetch(new URL('/agent/v1/check-in', importing.url), { method: 'POST' })).status).toBe(404);
});

it('stops within ten seconds when it is told to under load, and loses nothing', async () => {
  const [one, other] = fleets;
  let isStopping = false;
  let isStopped = false;
  const load = eachOf(one.agents, size, async (agent) => {
    while (!isStopping) await persist(() => (isStopped ? other : one).toggleWeakness(agent), drive);
  });
  await progress('changes before the end');
  const toldAt = performance.now();
  const stopped = first.stop();
  isStopped = true;
  isStopping = true;
  expect(await stopped).toBe(0);
  expect(performance.now() - toldAt).toBeLessThan(10_000);
  await load;
  expect(await missing(other)).toEqual([]);
});

it('refuses an agent everywhere within seconds when its key was revoked at one process', async () => {
  await first.restart();
  const [, other] = fleets;
  const stolen = fleets[0].agents.at(-1);
  if (!stolen) throw new Error('there are agents');
  await persist(() => other.checkIn(stolen), drive);
  const { assetId } = stolen;
  await first.client.call(revokeAgent, { params: { assetId: assetId as AssetId } });
  const refused = await eventually('a refusal', 5000, () =>
    other.checkIn(stolen).then(
      () => null,
      (error: unknown) => error,
    ),
  );
  expect(refused).toBeInstanceOf(RefusedError);
  expect(String(refused)).toContain('UNKNOWN_AGENT');
  await expect(other.toggleWeakness(stolen)).rejects.toThrow('UNKNOWN_AGENT');
});

async function progress(what: string): Promise<void> {
  const before = drive.tally.acknowledged;
  await eventually(what, patienceMs, async () => (drive.tally.acknowledged > before + 4 * size ? true : null));
}

/** Collectors that the platform has otherwise than it acknowledged: it compares the digests. */
async function missing(fleet: Fleet): Promise<string[]> {
  const found: string[] = [];
  await eachOf(fleets[0].agents, 8, async (agent: AgentState) => {
    await persist(
      async () => found.push(...(await fleet.checkIn(agent)).map((collector) => `${agent.index} ${collector}`)),
      drive,
    );
  });
  return found;
}

async function unjudged(): Promise<number> {
  const { db, close } = openDatabase(environment['DATABASE_URL'] ?? '');
  const rows = await db.selectFrom('unjudged').select('packageVersionId').execute();
  await close();
  return rows.length;
}

async function answersOf({ client }: PlatformProcess) {
  const { items: assets } = await client.call(listAssets, { query: { limit: 100 } });
  const { items, total } = await client.call(listDetections, { query: { status: 'all', limit: 500 } });
  const dashboard = await client.call(getDashboard, {});
  return {
    // These move on between two questions.
    assets: assets.map(({ lastSeen: _seen, lastScan: _scan, ...asset }) => asset),
    detections: items.map(({ lastFound: _moves, ...detection }) => detection),
    total,
    dashboard: {
      ...dashboard,
      worst: dashboard.worst.map(({ lastFound: _moves, ...detection }) => detection),
      trend: dashboard.trend.map(({ open }) => open),
    },
  };
}
