import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import { PlatformProcess } from '@vedette/testkit';
import { judgeUnjudged } from '../../apps/server/src/knowledge/judge-unjudged.ts';
import { FleetConnection } from '../fleet/connection.ts';
import { eachOf, persist } from '../fleet/drive.ts';
import { Fleet } from '../fleet/fleet.ts';
import { Random } from '../fleet/random.ts';
import { Tally } from '../fleet/tally.ts';
import { FeedDirectory } from './fleet/feed-directory.ts';
import { type Bench, checkInCost, deltaToVisible, ingestRate, newChecks, queries, storm } from './fleet/measure.ts';
import { usageOf } from './fleet/processes.ts';
import { diskFigures } from './fleet/disk.ts';
import { seedAssets } from './fleet/seed-assets.ts';

export const name = 'fleet';
export const options = {
  assets: 'size of the fleet (default 5000)',
  seed: 'which fleet (default 1)',
  seconds: 'after so long what is left is not measured any more (default 45 and 2 for each thousand assets)',
};

/**
 * A platform of its own with a fleet, and what people wait for. Most assets are entered by the functions of the store, the others enroll and
 * send by the protocol; all deltas, check-ins and the storm go by the protocol with signatures, from this process on the same
 * processors. A figure that could not be had in time is null.
 */
export async function run({
  assets = 5000,
  seed = 1,
  seconds = 45 + assets / 500,
}: Readonly<Record<string, number>>): Promise<Record<string, unknown>> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const startedAt = performance.now();
  try {
    await using stack = new AsyncDisposableStack();
    const feed = new FeedDirectory(join(directory, 'feed'));
    const platform = stack.use(await PlatformProcess.start({ VEDETTE_FEED_DIR: feed.path, VEDETTE_LOG_LEVEL: 'warn' }));
    const connection = stack.use(new FleetConnection({ url: new URL(platform.url), sockets: 128, verifyEvery: 16 }));
    const fleet = new Fleet(seed, assets, connection);
    const random = new Random(seed, 'bench');
    const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(seconds * 1000)]);
    const bench: Bench = { platform, fleet, feed, random, signal: deadline, stop: stop.signal };
    const figures: Record<string, unknown> = { assets, seed };
    const note = (part: object): void => {
      stop.signal.throwIfAborted();
      Object.assign(figures, part);
      const spent = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stderr.write(`${spent} s: ${JSON.stringify(part)}\n`);
    };

    note(await load(bench));
    note(await restart(bench));
    note(await ingestRate(bench));
    note(await checkInCost(bench));
    note(await storm(bench));
    note(await deltaToVisible(bench));
    note(await queries(bench));
    note(await newChecks(bench));
    const { nodeRssBytes, postgresPssBytes } = usageOf(platform);
    note({ nodeRssBytes, postgresPssBytes, memoryBytes: nodeRssBytes + postgresPssBytes });
    note(await diskFigures(platform, assets));
    note({ totalSeconds: (performance.now() - startedAt) / 1000 });
    return figures;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupt);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A tenth of a small fleet and 200 of a large one send their first inventory by the protocol. */
async function load({ platform, fleet, random, stop }: Bench): Promise<Record<string, number>> {
  // Its PostgreSQL goes on, and has the processors for itself.
  await platform.kill();
  const share = Math.min(200, Math.ceil(fleet.agents.length / 10));
  const [real, rest] = [fleet.agents.slice(0, share), fleet.agents.slice(share)];
  const database = openDatabase({
    host: join(platform.dataDirectory, 'postgres/socket'),
    user: 'vedette',
    database: 'vedette',
    statement_timeout: 0,
  });
  const seedStart = performance.now();
  await seedAssets(database, fleet, rest);
  const judgeStart = performance.now();
  const judged = await judgeUnjudged(database.db);
  const judgeEnd = performance.now();
  await database.close();
  await platform.restart();
  const protocolStart = performance.now();
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'bench', maxUses: 1_000_000 } });
  const tallies = { enroll: new Tally(), firstSync: new Tally() };
  await eachOf(real, 16, async (agent) => {
    const enrolled = await persist(() => fleet.enroll(agent, secret), { tally: tallies.enroll, signal: stop, random });
    if (enrolled) await persist(() => fleet.firstSync(agent), { tally: tallies.firstSync, signal: stop, random });
  });
  const seconds = (performance.now() - protocolStart) / 1000;
  return {
    assetsByProtocol: tallies.firstSync.acknowledged,
    assetsByStore: rest.length,
    seedSeconds: (judgeStart - seedStart) / 1000,
    seededPerSecond: rest.length / ((judgeStart - seedStart) / 1000),
    judgedPackageVersions: judged,
    judgedPerSecond: judged / ((judgeEnd - judgeStart) / 1000),
    firstInventoriesPerSecond: tallies.firstSync.acknowledged / seconds,
  };
}

/** From an order to stop until the platform answers again; what it keeps in memory is rebuilt by then, or it would not say so. */
async function restart({ platform }: Bench): Promise<Record<string, number>> {
  await platform.kill();
  const startedAt = performance.now();
  await platform.restart();
  return { restartMs: performance.now() - startedAt };
}
