import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { facts } from '@vedette/protocol';
import { agentProgram, eventually, privateCopy, type PrivateCopy } from '@vedette/testkit';
import { makeCertificates } from '../../apps/agent/src/testing/certificates.ts';
import { StubServer } from '../../apps/agent/src/testing/stub-server.ts';
import { processFigures } from './parts/process-figures.ts';

export const name = 'idle';
export const options = { minutes: 'how long to watch it; 3 by default' };

/** What the agent costs while nothing happens. Everything "per hour" is what was counted, scaled to an hour. */
interface IdleFigures {
  readonly minutes: number;
  readonly rssBytes: number;
  readonly unevictableBytes: number;
  readonly peakRssBytes: number;
  readonly cpuSecondsPerHour: number;
  readonly wakeUpsPerHour: number;
  /** Both directions, with HTTP headers, without what TLS and TCP add. */
  readonly bytesPerHour: number;
  readonly requestsPerHour: number;
}

/** As the platform sets it for a fleet. */
const schedule = { checkInSeconds: 60, fullScanSeconds: 4 * 3600 };
const settleMs = 10_000;
const caFile = '/etc/vedette-idle.pem';

/**
 * In a private copy of the machine, and in a network of its own, so that what others do on the machine is not counted as the
 * agent's. Needs root. All collectors are on; over TLS 1.3, with a held request for orders, as in production.
 */
export async function run({ minutes = 3 }: { minutes?: number } = {}): Promise<IdleFigures> {
  const script = `ip link set lo up && exec "$0" --no-warnings "$@"`;
  const args = ['--net', 'sh', '-c', script, process.execPath, fileURLToPath(import.meta.url), String(minutes)];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as IdleFigures; // printed by this very file
}

async function measure(minutes: number): Promise<void> {
  const keys = new Map(Object.entries(facts).map(([collector, { key }]) => [collector, key]));
  const { ca, tls } = makeCertificates();
  await using stub = await StubServer.start({ keys, schedule, tls, holdsOrders: true });
  const program = agentProgram();
  await using copy = await privateCopy();
  const { agent, pid } = await start(copy, program, { stub, ca });
  await delay(settleMs);
  const before = processFigures(pid);
  const [bytesBefore, requestsBefore, startedAt] = [stub.connectionBytes, stub.received.length, performance.now()];
  await delay(minutes * 60_000);
  const after = processFigures(pid);
  const hours = (performance.now() - startedAt) / 3_600_000;
  const { rssBytes, unevictableBytes, peakRssBytes } = after;
  const figures: IdleFigures = {
    minutes,
    rssBytes,
    unevictableBytes,
    peakRssBytes,
    cpuSecondsPerHour: (after.cpuSeconds - before.cpuSeconds) / hours,
    wakeUpsPerHour: Math.round((after.wakeUps - before.wakeUps) / hours),
    bytesPerHour: Math.round((stub.connectionBytes - bytesBefore) / hours),
    requestsPerHour: Math.round((stub.received.length - requestsBefore) / hours),
  };
  // Now, not at the end: an hour shall not be lost because something cannot be cleared away.
  process.stdout.write(JSON.stringify(figures));
  process.kill(pid, 'SIGTERM');
  if (agent.exitCode === null) await once(agent, 'exit');
}

interface Platform {
  readonly stub: StubServer;
  /** PEM of the authority that it is known by. */
  readonly ca: string;
}

async function start(copy: PrivateCopy, program: string, { stub, ca }: Platform): Promise<{ agent: ChildProcess; pid: number }> {
  await copy.run('tee', [caFile], { input: ca });
  const environment = {
    VEDETTE_PLATFORM: stub.url.origin,
    VEDETTE_ACTIVATION_KEY: 'benchmark',
    VEDETTE_STATE_DIR: '/var/lib/vedette-idle',
    VEDETTE_CA_FILE: caFile,
  };
  const agent = copy.start(program, ['run'], { environment });
  agent.stdout?.resume();
  agent.stderr?.pipe(process.stderr);
  await eventually('the first check-in', 60_000, () => (stub.checkIns.length > 0 ? true : null));
  // nsenter waits for its child, which is the agent: the launcher becomes it.
  const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, 'latin1').trim();
  if (!/^\d+$/.test(children)) throw new Error(`the agent's process was not found: "${children}"`);
  return { agent, pid: Number(children) };
}

if (import.meta.main) await measure(Number(process.argv[2]));
