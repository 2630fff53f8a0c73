import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { facts, type FactRow } from '@vedette/protocol';
import { digestOf } from '../../apps/agent/src/testing/reference-platform.ts';
import { makeCertificates } from '../../apps/agent/src/testing/certificates.ts';
import { StubServer, stubAgentId } from '../../apps/agent/src/testing/stub-server.ts';
import type { SentDocument } from '../../apps/agent/src/sync/sync-engine.ts';
import { Spool } from '../../apps/agent/src/spool/spool.ts';
import { processFigures } from './parts/process-figures.ts';
import type { AgentStatus } from '../../apps/agent/src/state/status-file.ts';

export const name = 'agent';
export const options = { tls: '1: over TLS 1.3 with a file of authorities, as in production; plain HTTP by default' };

/** What the agent costs on this machine. Bytes are bodies as they travel, compressed. */
export interface AgentFigures {
  /** From start to the first acknowledged inventory and check-in, enrollment included. */
  readonly firstInventoryMs: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly rssBytes: number;
  readonly unevictableBytes: number;
  readonly packages: number;
  readonly packageSyncBytes: number;
  readonly firstSyncBytes: number;
  readonly onePackageDeltaBytes: number;
}

const agent = fileURLToPath(new URL('../../vedette-agent', import.meta.url));
const keys = new Map(Object.entries(facts).map(([collector, { key }]) => [collector, key]));

/** Runs the agent `runs` times against a platform of its own and returns the medians. */
export async function run({ runs = 5, tls = 0 }: { runs?: number; tls?: number } = {}): Promise<AgentFigures> {
  await promisify(execFile)(agent, ['version']); // builds the bundle, which is not what is measured
  const figures: AgentFigures[] = [];
  for (let index = 0; index < runs; index++) figures.push(await once(tls === 1));
  const names = Object.keys(figures[0] ?? {}) as (keyof AgentFigures)[]; // its own keys
  return Object.fromEntries(names.map((key) => [key, median(figures.map((each) => each[key]))])) as unknown as AgentFigures; // same keys
}

async function once(overTls: boolean): Promise<AgentFigures> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const arrived = Promise.withResolvers<void>();
  const certificates = overTls ? makeCertificates() : null;
  await using stub = await StubServer.start({ keys, onCheckIn: arrived.resolve, ...certificates, holdsOrders: true });
  const caFile = join(stateDirectory, 'ca.pem');
  if (certificates) writeFileSync(caFile, certificates.ca);
  try {
    const startedAt = performance.now();
    const environment = {
      VEDETTE_PLATFORM: stub.url.origin,
      VEDETTE_ACTIVATION_KEY: 'benchmark',
      VEDETTE_STATE_DIR: stateDirectory,
      ...(certificates ? { VEDETTE_CA_FILE: caFile } : {}),
    };
    const child = spawn(agent, ['run'], { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = Promise.withResolvers<number | null>();
    child.on('exit', ended.resolve);
    await Promise.race([
      arrived.promise,
      ended.promise.then((code) => Promise.reject(new Error(`the agent ended with ${code}`))),
    ]);
    const firstInventoryMs = performance.now() - startedAt;
    await settled(stateDirectory);
    const { wakeUps: _, ...usage } = processFigures(child.pid ?? 0);
    child.kill('SIGTERM');
    await ended.promise;
    const { firstSync, consumption } = readStatus(stateDirectory);
    const dpkg = firstSync?.documents.find(({ collector }) => collector === 'dpkg');
    return {
      firstInventoryMs: Math.round(firstInventoryMs),
      ...usage,
      // The kernel does not note a peak before pages are dropped; the agent does.
      peakRssBytes: Math.max(usage.peakRssBytes, consumption.peakRssBytes),
      packages: dpkg?.rows ?? 0,
      packageSyncBytes: dpkg?.bytes ?? 0,
      firstSyncBytes: firstSync?.sentBytes ?? 0,
      onePackageDeltaBytes: await onePackageDelta(stub, stateDirectory),
    };
  } finally {
    rmSync(stateDirectory, { recursive: true });
  }
}

/** Makes both sides believe that one package had another version, and lets the agent notice. */
async function onePackageDelta(stub: StubServer, stateDirectory: string): Promise<number> {
  const spool = Spool.open(stateDirectory, { agentId: stubAgentId });
  const state = spool.acknowledged('dpkg');
  const before = spool.acknowledgedRows('dpkg') ?? [];
  const index = Math.floor(before.length / 2);
  if (!state || !before[index]) return 0;
  const rows = before.map((row, at): FactRow => (at === index ? { ...row, version: '0', sourceVersion: '0' } : row));
  const digest = digestOf(rows);
  const document = {
    collector: 'dpkg',
    kind: 'snapshot',
    collectedAt: '',
    status: 'complete',
    ...state,
    rows: { count: 0 },
  } as const;
  spool.put([{ collector: 'dpkg', document, after: { ...state, rows, digest } }]);
  spool.acknowledge(['dpkg']);
  spool[Symbol.dispose]();
  const byKey = new Map(rows.map((row) => [JSON.stringify((keys.get('dpkg') ?? []).map((column) => row[column])), row]));
  stub.platform.held.set('dpkg', { sequence: state.sequence, digest, rows: byKey });
  const { stdout } = await promisify(execFile)(agent, ['scan', '--json', '--state-dir', stateDirectory]);
  const { documents } = JSON.parse(stdout) as { documents: SentDocument[] }; // our own command
  return documents.find(({ collector, kind }) => collector === 'dpkg' && kind === 'delta')?.bytes ?? 0;
}

/** The agent writes its status after the check-in was answered and trims its memory right then. */
async function settled(stateDirectory: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      if (readStatus(stateDirectory).checkInAt !== null && attempt >= 10) return;
    } catch {
      // Not written yet.
    }
  }
  throw new Error('the agent wrote no status within ten seconds');
}

function readStatus(stateDirectory: string): AgentStatus {
  return JSON.parse(readFileSync(join(stateDirectory, 'status.json'), 'utf8')) as AgentStatus; // written by our own agent
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) {
  const runs = Number(process.argv.at(2) ?? 5);
  process.stdout.write(`${JSON.stringify(await run({ runs }), null, 2)}\n`);
}
