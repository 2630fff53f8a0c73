/** Many agents in one process, each with the code by which the installed agent upgrades itself. They differ by their address. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { programTarget } from '@vedette/release';
import { noProxies } from '../../../apps/agent/src/transport/proxies.ts';
import { realDisk } from '../../../apps/agent/src/upgrade/disk.ts';
import { describeProgram, fetchProgram } from '../../../apps/agent/src/upgrade/fetch-program.ts';
import { Downloader } from '../../../apps/agent/src/upgrade/origins/download.ts';
import { OriginError } from '../../../apps/agent/src/upgrade/origins/origin-error.ts';
import { Origins } from '../../../apps/agent/src/upgrade/origins/origins.ts';
import { refreshTrust, trustDirectory } from '../../../apps/agent/src/upgrade/refresh-trust.ts';
import { UpgradeError } from '../../../apps/agent/src/upgrade/upgrade-error.ts';

export interface SurgeTask {
  readonly edges: readonly string[];
  readonly platform: string;
  readonly ca: string;
  readonly rootFile: string;
  readonly version: string;
  readonly directory: string;
  readonly firstAgent: number;
  readonly agents: number;
  /** That start at one moment; the next begins when one has ended or waits. */
  readonly atOnce: number;
}

export interface AgentOutcome {
  readonly agent: number;
  readonly edgeBytes: number;
  readonly platformBytes: number;
  /** Milliseconds since the process began, by the clock that all processes share. */
  readonly endedAt: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly problem: string | null;
  /** Why edges were left. */
  readonly left: readonly string[];
}

const task = JSON.parse(process.argv[2] ?? '') as SurgeTask; // written by surge.ts
const address = new AsyncLocalStorage<string>();
/** What an agent does when it is told to wait for longer than a run lasts; its schedule would do the same. */
const mostRounds = 50;

for (const { prototype } of [PlainAgent, SecureAgent]) {
  const connect = prototype.createConnection; // eslint-disable-line typescript/unbound-method -- called with its own `this` below
  prototype.createConnection = function createConnection(this: PlainAgent, options, callback) {
    return connect.call(this, { ...options, localAddress: address.getStore() } as typeof options, callback);
  };
}

let free = task.atOnce;
const queue: (() => void)[] = [];

async function start(): Promise<void> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => queue.push(resolve));
}

function end(): void {
  const next = queue.shift();
  if (next) next();
  else free += 1;
}

async function upgrade(agent: number): Promise<AgentOutcome> {
  await start();
  let isStarted = true;
  const release = (): void => {
    if (isStarted) end();
    isStarted = false;
  };
  const began = performance.now();
  const directory = join(task.directory, String(agent));
  const bytes = { edge: 0, platform: 0 };
  // As many regions as edges, each with another one first.
  const first = agent % task.edges.length;
  const edges = [...task.edges.slice(first), ...task.edges.slice(0, first)];
  let problem: string | null = null;
  let rounds = 0;
  const left: string[] = [];
  mkdirSync(trustDirectory(directory), { recursive: true });
  copyFileSync(task.rootFile, join(trustDirectory(directory), 'root.json'));
  for (rounds = 1; rounds <= mostRounds; rounds += 1) {
    try {
      await oneRun(directory, { bytes, edges, release, left });
      problem = null;
      break;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      const { retryAfterSeconds = 0 } = error instanceof UpgradeError || error instanceof OriginError ? error : {};
      if (retryAfterSeconds === 0) break;
      release();
      await delay(retryAfterSeconds * 1000 * (1 + Math.random() / 4));
    }
  }
  release();
  rmSync(directory, { recursive: true });
  const now = performance.now();
  return {
    agent,
    edgeBytes: bytes.edge,
    platformBytes: bytes.platform,
    endedAt: performance.timeOrigin + now,
    seconds: (now - began) / 1000,
    rounds,
    problem,
    left,
  };
}

interface Run {
  readonly bytes: { edge: number; platform: number };
  readonly edges: readonly string[];
  readonly release: () => void;
  readonly left: string[];
}

async function oneRun(directory: string, { bytes, edges, release, left }: Run): Promise<void> {
  using downloader = new Downloader({ ca: task.ca, proxies: noProxies });
  const origins = new Origins({
    edges: edges.map((edge) => new URL(edge)),
    platform: new URL('/', task.platform),
    get: async (url, request) => {
      const reply = await downloader.get(url, request);
      // Told to wait: another one may start.
      if (reply.status === 503 || reply.status === 429) release();
      return reply;
    },
    lastGood: null,
    signal: new AbortController().signal,
    random: Math.random,
    onEvent: (event, _, detail) => event === 'left' && left.push(detail),
  });
  try {
    await origins.probe();
    const { metadata } = await refreshTrust(
      trustDirectory(directory),
      origins,
      programTarget('agent', 'linux-x64', task.version),
    );
    await using trusted = metadata;
    const program = await describeProgram(trusted, ['agent', 'linux-x64', task.version]);
    const parts = { disk: realDisk, directory, metadata: trusted, origins, memoryBytes: 0 };
    await fetchProgram(parts, program, { path: '', sha256: '' });
  } finally {
    for (const { isPlatform, bytes: given } of origins.standings()) bytes[isPlatform ? 'platform' : 'edge'] += given;
  }
}

await Promise.all(
  Array.from({ length: task.agents }, async (_, index) => {
    const agent = task.firstAgent + index;
    const own = `127.${1 + (agent >> 14)}.${(agent >> 7) & 127}.${1 + (agent & 127)}`;
    const outcome = await address.run(own, () => upgrade(agent));
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  }),
);
const { user, system } = process.cpuUsage();
process.stdout.write(`${JSON.stringify({ cpuSeconds: (user + system) / 1e6 })}\n`);
