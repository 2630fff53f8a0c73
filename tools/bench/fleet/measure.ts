import { setTimeout as delay } from 'node:timers/promises';
import { getAsset, getDashboard, listAssets, listChecks, listDetections, listFacts, refreshKnowledge } from '@vedette/protocol';
import type { PlatformProcess } from '@vedette/testkit';
import { eachOf, persist, spreadOver } from '../../fleet/drive.ts';
import type { AgentState, Fleet } from '../../fleet/fleet.ts';
import type { Random } from '../../fleet/random.ts';
import { percentile, Tally } from '../../fleet/tally.ts';
import type { FeedDirectory } from './feed-directory.ts';
import { cpuBetween, usageOf } from './processes.ts';

export interface Bench {
  readonly platform: PlatformProcess;
  readonly fleet: Fleet;
  readonly feed: FeedDirectory;
  readonly random: Random;
  /** Ends when the time for this phase is over. */
  readonly signal: AbortSignal;
  /** What this phase may take. */
  readonly seconds: number;
  /** Ends when a person does not want it any more. */
  readonly stop: AbortSignal;
}

type Figures = Record<string, number | string | null | Record<string, number>>;

const patienceMs = 5000;

/** Milliseconds, or null when it took longer than patience, or failed. */
async function timed(
  { signal }: Pick<Bench, 'signal'>,
  work: () => Promise<unknown>,
  limitMs = patienceMs,
): Promise<number | null> {
  if (signal.aborted) return null;
  const startedAt = performance.now();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const over = new Promise<'over'>((resolve) => limit.addEventListener('abort', () => resolve('over'), { once: true }));
  const outcome = await Promise.race([
    work().then(
      () => 'done',
      () => 'failed',
    ),
    over,
  ]);
  return outcome === 'done' ? performance.now() - startedAt : null;
}

/** A kind of question is asked again for so long, but at least once where there is time; longer where there is more time. */
const kindMs = (seconds: number): number => Math.max(600, seconds * 50);

/** What the pages of the console ask, each several times with other values. */
export async function queries(bench: Bench): Promise<Figures> {
  const { client } = bench.platform;
  const asset = (): AgentState => bench.random.pick(bench.fleet.agents);
  const past = () => new Date(Date.now() - bench.random.next() * 25 * 86_400_000).toISOString();
  const kinds: Record<string, () => Promise<unknown>> = {
    dashboard: () => client.call(getDashboard, {}),
    topAssets: () => client.call(listAssets, { query: { limit: 25 } }),
    searchAssets: () => client.call(listAssets, { query: { search: `web-${bench.random.below(100)}`, limit: 25 } }),
    topDetections: () => client.call(listDetections, { query: { status: 'open', limit: 25 } }),
    searchDetections: () => client.call(listDetections, { query: { status: 'open', search: 'openssl', limit: 25 } }),
    checks: () => client.call(listChecks, { query: { limit: 25 } }),
    assetPage: () => client.call(getAsset, { params: { assetId: asset().assetId } }),
    assetDetections: () => client.call(listDetections, { query: { assetId: asset().assetId, status: 'all', limit: 100 } }),
    assetPackages: () =>
      client.call(listFacts, { params: { assetId: asset().assetId, collector: 'dpkg' }, query: { limit: 100 } }),
    asOf: () => client.call(listDetections, { query: { status: 'open', asOf: past(), limit: 25 } }),
    assetAsOf: () =>
      client.call(listDetections, { query: { assetId: asset().assetId, asOf: past(), status: 'open', limit: 25 } }),
  };
  const figures: Figures = {};
  let all: number[] = [];
  let exceeded = 0;
  for (const [kind, ask] of Object.entries(kinds)) {
    const times: number[] = [];
    const endsAt = performance.now() + kindMs(bench.seconds);
    // The first one is not counted: nobody has asked this since the start.
    for (let round = 0; round <= 20; round += 1) {
      const ms = await timed(bench, ask);
      if (ms === null) exceeded += 1;
      if (ms === null) break;
      if (round > 0) times.push(ms);
      if (round > 0 && performance.now() > endsAt) break;
    }
    figures[`${kind}P50Ms`] = times.length > 0 ? percentile(times, 0.5) : null;
    figures[`${kind}P99Ms`] = times.length > 0 ? percentile(times, 0.99) : null;
    if (!kind.endsWith('sOf')) all = all.concat(times);
  }
  return {
    ...figures,
    consoleQueriesP50Ms: all.length > 0 ? percentile(all, 0.5) : null,
    consoleQueriesP99Ms: all.length > 0 ? percentile(all, 0.99) : null,
    queriesOverPatience: exceeded,
  };
}

/**
 * From the moment at which the feed holds something new until the list of its detections and the dashboard are complete: reading the feed,
 * making checks, judging and all.
 */
export async function newChecks(bench: Bench): Promise<Figures> {
  const figures: Figures = {};
  const { client } = bench.platform;
  const answer = async (): Promise<void> => {
    await client.call(refreshKnowledge, {});
    await client.call(getDashboard, {});
  };
  figures['refreshWithoutChangeMs'] = await timed(bench, answer, 60_000);
  for (const count of [1, 100, 1000]) {
    const names = bench.feed.addChecks(count);
    figures[`newChecks${count}Ms`] = await timed(bench, answer, 60_000);
    const { total } = await client
      .call(listDetections, { query: { search: names[0] ?? '', status: 'open', limit: 1 } })
      .catch(() => ({ total: -1 }));
    figures[`newChecks${count}FirstDetections`] = total;
  }
  bench.feed.changeAll();
  figures['wholeKnowledgeMs'] = await timed(bench, answer, 120_000);
  return figures;
}

/** As many deltas as the platform takes, from many agents at once. */
export async function ingestRate(bench: Bench): Promise<Figures> {
  const { platform, fleet, random, signal } = bench;
  const lanes = Math.min(128, Math.ceil(fleet.agents.length / 2));
  const send = async (ms: number): Promise<Tally> => {
    const tally = new Tally();
    const end = AbortSignal.any([signal, AbortSignal.timeout(Math.round(ms))]);
    await eachOf(cycle(fleet.agents, end), lanes, (agent) => persist(() => fleet.delta(agent), { tally, signal, random }));
    return tally;
  };
  await send(1000); // A platform that has just started reads what it will keep in memory.
  const before = usageOf(platform);
  const startedAt = performance.now();
  const tally = await send(Math.max(1500, bench.seconds * 600));
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuBetween(before, usageOf(platform));
  return {
    ingestDeltasPerSecond: tally.acknowledged / seconds,
    ingestDeltasPerCoreSecond: tally.acknowledged / cpu.total,
    ingestNodeMicroseconds: (cpu.node / tally.acknowledged) * 1e6,
    ingestPostgresMicroseconds: (cpu.postgres / tally.acknowledged) * 1e6,
    ingestP50Ms: percentile(tally.latenciesMs, 0.5),
    ingestP99Ms: percentile(tally.latenciesMs, 0.99),
    ingestFailed: tally.failed,
  };
}

/** Round and round; an agent that comes again has had its answer by then, because a fleet has more agents than lanes. */
function* cycle(agents: readonly AgentState[], end: AbortSignal): Generator<AgentState> {
  while (!end.aborted) {
    for (const agent of agents) {
      if (end.aborted) return;
      yield agent;
    }
  }
}

/** From sending a package change until the asset's detections show it, while others send, too. */
export async function deltaToVisible(bench: Bench): Promise<Figures> {
  const { fleet, platform, random, signal } = bench;
  const [watched, others] = [fleet.agents.slice(0, 20), fleet.agents.slice(20)];
  const tally = new Tally();
  const times: number[] = [];
  const endsAt = performance.now() + bench.seconds * 800;
  let notSeen = 0;
  const ended = new AbortController();
  const background = spreadOver(
    others.slice(0, 400),
    { windowMs: 4000, random, signal: AbortSignal.any([signal, ended.signal]) },
    (agent) => persist(() => fleet.delta(agent), { tally, signal, random }),
  );
  for (const agent of watched) {
    // What was seen by now is a figure, too.
    if (bench.signal.aborted || performance.now() > endsAt) break;
    const countsOf = async () => {
      const { asset } = await platform.client.call(getAsset, { params: { assetId: agent.assetId } as { assetId: never } });
      return JSON.stringify(asset.detections);
    };
    const before = await countsOf();
    const ms = await timed(bench, async () => {
      await fleet.toggleWeakness(agent);
      while ((await countsOf()) === before) await delay(5, undefined, { signal });
    });
    if (ms === null) notSeen += 1;
    else times.push(ms);
  }
  ended.abort();
  await background;
  return {
    deltaVisibleP50Ms: times.length > 0 ? percentile(times, 0.5) : null,
    deltaVisibleP99Ms: times.length > 0 ? percentile(times, 0.99) : null,
    deltaNotSeen: notSeen,
  };
}

/**
 * What a check-in costs that says nothing new, and what share of two processors the platform takes while the whole fleet checks in every 15
 * minutes: at that pace for two thirds of the time that is left, and then nothing for a quarter of it.
 */
export async function checkInCost(bench: Bench): Promise<Figures> {
  const { platform, fleet, random, signal, seconds } = bench;
  const agents = fleet.agents.slice(-250);
  const rounds = 3;
  const tally = new Tally();
  const startedAt = performance.now();
  const checkIn = (agent: AgentState) => persist(() => fleet.checkIn(agent), { tally, signal, random });
  const round = () => eachOf(agents, 16, checkIn);
  const first = usageOf(platform);
  await round(); // compared with the database
  const between = usageOf(platform);
  for (let repeat = 0; repeat < rounds; repeat += 1) await round();
  const last = usageOf(platform);

  const secondsLeft = Math.max(0, seconds - (performance.now() - startedAt) / 1000);
  const paceSeconds = (secondsLeft * 2) / 3;
  const paced = Array.from({ length: Math.ceil((fleet.agents.length / 900) * paceSeconds) }, () => random.pick(agents));
  const share = async (work: () => Promise<unknown>): Promise<number> => {
    const [from, before] = [performance.now(), usageOf(platform)];
    await work();
    return cpuBetween(before, usageOf(platform)).total / ((performance.now() - from) / 1000) / 2;
  };
  const atPace = await share(async () => {
    const spread = spreadOver(paced, { windowMs: paceSeconds * 1000, random, signal }, checkIn);
    await Promise.all([spread, delay(paceSeconds * 1000, undefined, { signal })]);
  });
  return {
    checkInFirstMicroseconds: (cpuBetween(first, between).total / agents.length) * 1e6,
    checkInMicroseconds: (cpuBetween(between, last).total / (agents.length * rounds)) * 1e6,
    checkInP99Ms: percentile(tally.latenciesMs, 0.99),
    checkInsAtPace: paced.length,
    checkInCpuShareOfTwoCores: atPace,
    checkInIdleCpuShare: await share(() => delay(secondsLeft * 250, undefined, { signal })),
  };
}

/** About what agents and platform together get done on two processors, checking everything once more included. */
const stormPerSecond = 200;

/** All agents come back at once to a platform that has just started, each with a check-in and one in five with a change; at the pace of 100,000 in 60 s. */
export async function storm(bench: Bench): Promise<Figures> {
  const { platform, fleet, random, signal, stop } = bench;
  // All of them, where there is time for all.
  const known = fleet.agents
    .filter(({ sequence }) => sequence > 0)
    .slice(0, Math.max(100, Math.floor(bench.seconds * stormPerSecond)));
  const windowMs = (known.length / 100_000) * 60_000;
  const checkIns = new Tally();
  const deltas = new Tally();
  const lost: string[] = [];
  const ask = async (agent: AgentState) => {
    for (const collector of await fleet.checkIn(agent)) lost.push(`${agent.index} ${collector}`);
  };
  const before = usageOf(platform);
  const startedAt = performance.now();
  await spreadOver(known, { windowMs, random, signal: stop }, async (agent) => {
    await persist(() => ask(agent), { tally: checkIns, signal: stop, random });
    if (agent.index % 5 === 0) await persist(() => fleet.delta(agent), { tally: deltas, signal: stop, random });
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuBetween(before, usageOf(platform));
  // What was acknowledged must be there: the platform compares the digests once more.
  const verify = new Tally();
  const changed = known.filter(({ index }) => index % 5 === 0);
  await eachOf(changed, 64, (agent) => persist(() => ask(agent), { tally: verify, signal, random }));
  return {
    stormAgents: known.length,
    stormWindowSeconds: windowMs / 1000,
    stormSeconds: seconds,
    stormSent: known.length + changed.length,
    stormAcknowledged: checkIns.acknowledged + deltas.acknowledged,
    stormPostponed: checkIns.postponed + deltas.postponed,
    stormFailed: checkIns.failed + deltas.failed,
    stormVerified: verify.acknowledged,
    stormLost: lost.length,
    ...(lost[0] === undefined ? {} : { stormLostFirst: lost[0] }),
    stormRequestsPerSecond: (checkIns.acknowledged + deltas.acknowledged) / seconds,
    stormCpuSeconds: cpu.total,
  };
}
