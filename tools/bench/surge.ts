import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { NginxProcess, nginxRefusal, PlatformProcess, TestReleases } from '@vedette/testkit';
import { percentile } from '../fleet/tally.ts';
import { cpuBetween, usageOf } from './fleet/processes.ts';
import type { AgentOutcome, SurgeTask } from './surge/agents.ts';
import { CheckIns } from './surge/check-ins.ts';

export const name = 'surge';
export const options = {
  agents: 'that upgrade (default 10000)',
  edges: 'nginx edges before the platform (default 3)',
  processes: 'that play agents (default 3)',
  rate: 'downloads that the platform lets in per second when all edges are dead (default 25)',
  bytes: 'of the object that each fetches (default 120000, as a delta of the code)',
};

const edgeToken = 'token-of-the-surge';
const quietMs = 5000;

/**
 * A fleet that upgrades at one moment: first through edges, then, for another version, with all edges dead. Edges are real nginx with
 * the shipped configuration and TLS; agents run the agent's own upgrade code, each with metadata of its own.
 */
export async function run(given: Readonly<Record<string, number>>): Promise<object> {
  const { agents = 10_000, edges = 3, processes = 3, rate = 25, bytes = 120_000 } = given;
  const refusal = nginxRefusal();
  if (refusal !== null) throw new Error(refusal);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vedette-surge-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  const releases = stack.use(await TestReleases.create());
  for (const version of ['0.2.0', '0.3.0']) {
    await releases.releaseProgram(randomBytes(bytes), { product: 'agent', version });
  }
  const platform = stack.use(
    await PlatformProcess.start({
      VEDETTE_RELEASES_DIR: releases.directory,
      VEDETTE_EDGE_TOKEN: edgeToken,
      VEDETTE_DOWNLOADS_PER_SECOND: String(rate),
      VEDETTE_LOG_LEVEL: 'warn',
    }),
  );
  const authority = join(directory, 'tls');
  const servers: NginxProcess[] = [];
  for (let index = 0; index < edges; index += 1) {
    servers.push(stack.use(await NginxProcess.edge(platform.url, { edgeToken, requestsPerSecond: '200' }, { authority })));
  }
  const rootFile = join(directory, 'root.json');
  writeFileSync(rootFile, await releases.root());
  const checkIns = stack.use(await CheckIns.start(platform));
  await delay(quietMs);
  const quiet = checkIns.take();
  const common = {
    edges: servers.map(({ url }) => `${url}/`),
    platform: platform.url,
    ca: servers[0]?.ca ?? '',
    rootFile,
    directory,
    atOnce: Math.ceil(24 / processes),
  };
  const surge = await play(platform, { ...common, version: '0.2.0' }, { agents, processes });
  const during = checkIns.take();
  const asked = servers.flatMap(upstreamRequests);
  const objects = Map.groupBy(asked, ({ key }) => key);
  const versioned = [...objects].filter(([key]) => !key.includes('timestamp') && !key.includes('.root.json'));
  await Promise.all(servers.map((server) => server.kill()));
  const outage = await play(platform, { ...common, version: '0.3.0' }, { agents, processes });
  const dead = checkIns.take();
  return {
    agents,
    edges,
    objectBytes: bytes,
    edgeShare: surge.edgeBytes / (surge.edgeBytes + surge.platformBytes),
    surgeErrors: surge.problems.length,
    surgeProblem: surge.problems[0] ?? '',
    surgeLeft: surge.left,
    surgeSeconds: surge.seconds,
    surgeCpuMsPerAgent: surge.agentCpuMs,
    platformRequestsPerObjectAndEdge: percentile(
      versioned.map(([, all]) => all.length / edges),
      1,
    ),
    platformRequestsOfEdges: asked.length,
    surgePlatformCpuSeconds: surge.cpu,
    outageRateSet: rate,
    outageAdmittedPerSecond: outage.perSecond,
    outageErrors: outage.problems.length,
    outageProblem: outage.problems[0] ?? '',
    outageSeconds: outage.seconds,
    outageCpuMsPerAgent: outage.agentCpuMs,
    outageRounds: outage.rounds,
    outagePlatformCpuSeconds: outage.cpu,
    outageWaitP50Seconds: outage.p50Seconds,
    outageWaitP99Seconds: outage.p99Seconds,
    checkInQuiet: quiet,
    checkInSurge: during,
    checkInOutage: dead,
  };
}

type Common = Omit<SurgeTask, 'firstAgent' | 'agents'>;

async function play(platform: PlatformProcess, common: Common, { agents, processes }: { agents: number; processes: number }) {
  const before = usageOf(platform);
  const began = performance.now();
  const outcomes: AgentOutcome[] = [];
  let agentCpuSeconds = 0;
  await Promise.all(
    Array.from({ length: processes }, async (_, index) => {
      const firstAgent = Math.floor((index * agents) / processes);
      const task: SurgeTask = { ...common, firstAgent, agents: Math.floor(((index + 1) * agents) / processes) - firstAgent };
      const child = spawn(process.execPath, [join(import.meta.dirname, 'surge/agents.ts'), JSON.stringify(task)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface({ input: child.stdout })) {
        const told = JSON.parse(line) as AgentOutcome | { readonly cpuSeconds: number };
        if ('cpuSeconds' in told) agentCpuSeconds += told.cpuSeconds;
        else outcomes.push(told);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const problems = outcomes.flatMap(({ problem }) => problem ?? []);
  problems.push(...Array.from({ length: agents - outcomes.length }, () => 'an agent ended without a word'));
  const perSecond = Map.groupBy(outcomes, ({ endedAt }) => Math.floor(endedAt / 1000));
  const left = Map.groupBy(
    outcomes.flatMap((outcome) => outcome.left),
    (why) => why.replaceAll(/[0-9a-f]{8,}|\d+\.\d+\.\d+\.\d+:\d+/g, '…'),
  );
  const waits = outcomes.map((outcome) => outcome.seconds);
  return {
    seconds,
    agentCpuMs: (agentCpuSeconds * 1000) / agents,
    problems,
    left: Object.fromEntries([...left].map(([why, all]) => [why, all.length])),
    cpu: cpuBetween(before, usageOf(platform)).total,
    edgeBytes: outcomes.reduce((sum, { edgeBytes }) => sum + edgeBytes, 0),
    platformBytes: outcomes.reduce((sum, { platformBytes }) => sum + platformBytes, 0),
    perSecond: percentile(
      [...perSecond.values()].map(({ length }) => length),
      0.5,
    ),
    rounds: percentile(
      outcomes.map(({ rounds }) => rounds),
      1,
    ),
    p50Seconds: percentile(waits, 0.5),
    p99Seconds: percentile(waits, 0.99),
  };
}

/** What an edge asked the platform for, by its log. */
function upstreamRequests(edge: NginxProcess): { readonly key: string }[] {
  return edge.accessLog
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { uri: string; cache: string }) // as the shipped configuration writes it
    .filter(({ cache }) => cache !== '' && !['HIT', 'STALE', 'UPDATING'].includes(cache))
    .map(({ uri }) => ({ key: uri }));
}
