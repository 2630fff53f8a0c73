import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createActivationKey, getDashboard } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import type { PlatformProcess } from '@vedette/testkit';
import { judgeUnjudged } from '../../apps/server/src/knowledge/judge-unjudged.ts';
import { FleetConnection } from '../fleet/connection.ts';
import { eachOf, persist } from '../fleet/drive.ts';
import { Fleet } from '../fleet/fleet.ts';
import { Random } from '../fleet/random.ts';
import { Tally } from '../fleet/tally.ts';
import { FeedDirectory } from './fleet/feed-directory.ts';
import { type Bench, checkInCost, deltaToVisible, ingestRate, newChecks, queries, storm } from './fleet/measure.ts';
import { PhaseCosts, usageOf } from './fleet/processes.ts';
import { AssetPlans } from './fleet/asset-plans.ts';
import { diskFigures } from './fleet/disk.ts';
import { seedAssets } from './fleet/seed-assets.ts';
import { startPlatform } from './fleet/start-platform.ts';

export const name = 'fleet';
export const options = {
  assets: 'size of the fleet (default 5000)',
  seed: 'which fleet (default 1)',
  seconds: 'the whole may take so long (default 38, and 3 for each thousand assets above 5000)',
  storm: 'beside that the storm alone may take so many seconds; one of 200 agents takes one (default: a share of the whole)',
};

/**
 * What each phase may take, as shares of the time that is left when the fleet is there; what one leaves over is the others'. But never less
 * than so many seconds: on a busy machine the whole rather takes longer than that something is not measured.
 */
const phases = [
  ['storm', 6, 5, storm],
  ['protocol', 2, 2, firstInventories],
  ['ingest', 4, 3, ingestRate],
  ['checkIn', 3, 3, checkInCost],
  ['visible', 3, 10, deltaToVisible],
  ['queries', 6, 15, queries],
  ['knowledge', 9, 25, newChecks],
] as const;
const figureNames = {
  storm:
    'stormAgents stormWindowSeconds stormSeconds stormSent stormAcknowledged stormPostponed stormFailed stormVerified stormLost stormRequestsPerSecond stormCpuSeconds',
  protocol: 'assetsByProtocol firstInventoriesPerSecond',
  ingest:
    'ingestDeltasPerSecond ingestDeltasPerCoreSecond ingestNodeMicroseconds ingestPostgresMicroseconds ingestP50Ms ingestP99Ms',
  checkIn:
    'checkInFirstMicroseconds checkInMicroseconds checkInP99Ms checkInsAtPace checkInCpuShareOfTwoCores checkInIdleCpuShare',
  visible: 'deltaVisibleP50Ms deltaVisibleP99Ms deltaNotSeen',
  queries: 'consoleQueriesP50Ms consoleQueriesP99Ms dashboardP99Ms assetPageP99Ms asOfP50Ms asOfP99Ms',
  knowledge: 'refreshWithoutChangeMs newChecks1Ms newChecks100Ms newChecks1000Ms wholeKnowledgeMs',
} as const;
/** For the figures of memory and disk, and for ending everything. */
const endSeconds = 3;

/**
 * A platform of its own with a fleet, and what people wait for. Most assets are entered by the functions of the store, the others enroll and
 * send by the protocol; all deltas, check-ins and the storm go by the protocol with signatures, from this process on the same
 * processors. A figure that could not be had in time is null, and `notMeasured` says why. Throws where the platform ends meanwhile.
 */
export async function run({
  assets = 5000,
  seed = 1,
  storm: stormSeconds = 0,
  seconds = 38 + Math.max(0, assets - 5000) * 0.003,
}: Readonly<Record<string, number>>): Promise<Record<string, unknown>> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const startedAt = performance.now();
  const spent = (): number => (performance.now() - startedAt) / 1000;
  try {
    await using stack = new AsyncDisposableStack();
    const feed = new FeedDirectory(join(directory, 'feed'));
    const starting = startPlatform(feed);
    // While it starts the fleet is made up.
    const connection = stack.use(new FleetConnection({ sockets: 128, verifyEvery: 16 }));
    const fleet = new Fleet(seed, assets, connection);
    const plans = new AssetPlans(fleet);
    await plans.makeUntil(fleet.agents.slice(byProtocol(fleet)), starting);
    const platform = stack.use(await starting);
    const ended = AbortSignal.any([stop.signal, platform.failure]);
    connection.url = new URL(platform.url);
    const random = new Random(seed, 'bench');
    const figures: Record<string, unknown> = { assets, seed, loadAverage: loadavg()[0] };
    const notMeasured: Record<string, string> = {};
    const took = new PhaseCosts(platform);
    const note = (part: object): void => {
      Object.assign(figures, part);
      process.stderr.write(`${spent().toFixed(1)} s: ${JSON.stringify(part)}\n`);
    };

    note({ startSeconds: spent() });
    took.end('start');
    const bench = { platform, fleet, feed, random, stop: ended };
    note(await unlessStopped(load(bench, plans, took), ended));
    let shares = phases.reduce((sum, [, share]) => sum + share, 0);
    let extra = 0;
    for (const [name, share, least, measure] of phases) {
      const ownSeconds = name === 'storm' ? stormSeconds : 0;
      extra += ownSeconds;
      const slot = ownSeconds || Math.max(least, ((seconds + extra - endSeconds - spent()) * share) / shares);
      shares -= share;
      const part = await inTime(measure, { ...bench, seconds: slot });
      ended.throwIfAborted();
      took.end(name);
      note(part instanceof Error ? missing(name) : part);
      if (part instanceof Error) notMeasured[name] = part.message;
      for (const [figure, value] of Object.entries(part))
        if (value === null) notMeasured[figure] = `not within ${slot.toFixed(1)} s`;
    }
    const { nodeRssBytes, postgresPssBytes } = usageOf(platform);
    note({ nodeRssBytes, postgresPssBytes, memoryBytes: nodeRssBytes + postgresPssBytes });
    note(await diskFigures(platform, assets));
    ended.throwIfAborted();
    // What a phase left behind, an import for one, need not come to its end.
    await platform.kill();
    note({ totalSeconds: spent(), phases: took.phases, notMeasured });
    return figures;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupt);
    rmSync(directory, { recursive: true, force: true });
    // Timers and requests of a phase that was left alone would keep the process.
    if (stop.signal.aborted) process.exit(130);
  }
}

/** The figures of a phase that failed as a whole. */
function missing(phase: keyof typeof figureNames): Record<string, null> {
  return Object.fromEntries(figureNames[phase].split(' ').map((name) => [name, null]));
}

/** What a phase measured; why not, when it failed or did not end in time: then it is left alone. */
async function inTime(measure: (bench: Bench) => Promise<object>, bench: Omit<Bench, 'signal'>): Promise<object> {
  const milliseconds = Math.round(bench.seconds * 1000);
  const signal = AbortSignal.any([bench.stop, AbortSignal.timeout(milliseconds)]);
  const over = new AbortController();
  // What is left alone must not go on beside the next phase.
  const stop = AbortSignal.any([bench.stop, over.signal]);
  // Phases that see their time is over hand back what they have.
  const late = delay(milliseconds + 500, new Error(`not within ${bench.seconds.toFixed(1)} s`), { signal: over.signal });
  late.catch(() => undefined);
  try {
    return await unlessStopped(Promise.race([measure({ ...bench, signal, stop }), late]), bench.stop);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    over.abort();
  }
}

/** Rejects at once when a person does not want it any more. */
async function unlessStopped<Result>(work: Promise<Result>, stop: AbortSignal): Promise<Result> {
  stop.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const onStop = (): void => stopped.reject(stop.reason);
  stop.addEventListener('abort', onStop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    stop.removeEventListener('abort', onStop);
    work.catch(() => undefined);
  }
}

/** Most of the fleet through the store; then the platform starts again on it, which rebuilds what it keeps in memory. */
async function load(
  { platform, fleet, stop }: Pick<Bench, 'platform' | 'fleet' | 'stop'>,
  plans: AssetPlans,
  took: PhaseCosts,
): Promise<Record<string, number>> {
  // Its PostgreSQL goes on, and has the processors for itself.
  await platform.kill();
  const rest = fleet.agents.slice(byProtocol(fleet));
  const database = openDatabase({
    host: join(platform.dataDirectory, 'postgres/socket'),
    user: 'vedette',
    database: 'vedette',
    statement_timeout: 0,
  });
  // The weaknesses were known before the machines came: else the trend would be that of a whole fleet judged for the first time.
  await database.pool.query("update knowledge_version set imported_at = imported_at - interval '31 days'");
  const seedStart = performance.now();
  await seedAssets(database, plans, rest, stop);
  took.end('seed');
  const judgeStart = performance.now();
  const judged = await judgeUnjudged(database.db);
  const judgeEnd = performance.now();
  took.end('judge');
  await database.close();
  const restartStart = performance.now();
  await platform.restart();
  const listensAfter = performance.now() - restartStart;
  took.end('restart');
  await untilIndexed(platform, stop);
  took.end('index');
  return {
    assetsByStore: rest.length,
    seedSeconds: (judgeStart - seedStart) / 1000,
    seededPerSecond: rest.length / ((judgeStart - seedStart) / 1000),
    judgedPackageVersions: judged,
    judgedPerSecond: judged / ((judgeEnd - judgeStart) / 1000),
    // From the start of the process: agents are answered, and what it keeps in memory is rebuilt, too.
    restartMs: listensAfter,
    rebuildMs: performance.now() - restartStart,
  };
}

/** Until questions about the fleet are answered. */
async function untilIndexed({ client }: PlatformProcess, stop: AbortSignal): Promise<void> {
  for (;;) {
    stop.throwIfAborted();
    const answer = await client.call(getDashboard, {}).catch(() => null);
    if (answer) return;
    await delay(100);
  }
}

/** A tenth of a small fleet and 100 of a large one send their first inventory by the protocol. */
function byProtocol({ agents }: Fleet): number {
  return Math.min(100, Math.ceil(agents.length / 10));
}

async function firstInventories({ platform, fleet, random, signal }: Bench): Promise<Record<string, number | null>> {
  const startedAt = performance.now();
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'bench', maxUses: 1_000_000 } });
  const tallies = { enroll: new Tally(), firstSync: new Tally() };
  await eachOf(fleet.agents.slice(0, byProtocol(fleet)), 16, async (agent) => {
    if (signal.aborted) return;
    const enrolled = await persist(() => fleet.enroll(agent, secret), { tally: tallies.enroll, signal, random });
    if (enrolled) await persist(() => fleet.firstSync(agent), { tally: tallies.firstSync, signal, random });
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const { acknowledged } = tallies.firstSync;
  // Those whose time was over stay out of what follows.
  fleet.agents.splice(0, fleet.agents.length, ...fleet.agents.filter(({ sequence }) => sequence > 0));
  return { assetsByProtocol: acknowledged, firstInventoriesPerSecond: acknowledged > 0 ? acknowledged / seconds : null };
}
