import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { dirname, join } from 'node:path';
import { processUsage, trimMemory } from '@vedette/host';
import { contentTarget, programTarget, ReleaseError } from '@vedette/release';
import { describeError } from '../errors.ts';
import type { OwnContentKind } from './content-file.ts';
import { replaceFile } from './disk.ts';
import { fetchManifest } from './fetch-content.ts';
import { describeProgram, fetchProgram, type FetchParts } from './fetch-program.ts';
import { firstRoot } from './first-root.ts';
import { freeMemory } from './free-space.ts';
import { fileOf, type Installation } from './installation.ts';
import { edgesOf, fetchOrigins, goodAfter, lastGoodOf } from './known-origins.ts';
import { readKnownOrigins, saveKnownOrigins } from './known-origins-file.ts';
import { Downloader } from './origins/download.ts';
import { OriginError } from './origins/origin-error.ts';
import { type OriginStanding, Origins } from './origins/origins.ts';
import { refreshTrust, trustDirectory, type Trust } from './refresh-trust.ts';
import { supportedState } from '../spool/open-database.ts';
import { UpgradeError, type UpgradeReason } from './upgrade-error.ts';
import type { SlotContent } from './upgrade-state.ts';
import type { ProxyPlan } from '../transport/proxies.ts';

/** What the running agent wants of the process that upgrades. */
export interface FetchTask {
  readonly installation: Installation;
  readonly platform: URL;
  readonly ca: string | undefined;
  readonly proxies: ProxyPlan;
  readonly stateDirectory: string;
  /** What `version` is one of: the agent's code, or the manifest. */
  readonly subject: 'agent' | OwnContentKind;
  readonly version: string;
  readonly region: string | null;
  readonly signal: AbortSignal;
}

export interface FetchOutcome {
  readonly status: 'staged' | 'failed';
  readonly version: string;
  readonly reason: UpgradeReason | null;
  readonly detail: string;
  readonly retryAfterSeconds: number;
  readonly origins: readonly OriginStanding[];
  /** For the journal. */
  readonly notes: readonly string[];
  /** Of the process that fetched. */
  readonly peakRssBytes: number;
}

/** What a delta may take of the memory that is free. */
const deltaShare = 0.25;
const mostDeltaBytes = 48 * 1024 * 1024;
const selfTestMs = 60_000;

/**
 * Fetches a version of the agent from the origins, checks it against signed metadata, puts it into the free slot, sees whether it can
 * start here, and puts it on trial: the next start of the agent is its first. Content is fetched and checked the same way, and kept. Never
 * throws.
 */
export async function fetchRelease(task: FetchTask): Promise<FetchOutcome> {
  const { installation, platform, proxies, ca, signal, version } = task;
  const { disk, directory } = installation;
  // What loading took, fetching does not need; beside the agent this process is small only that way.
  trimMemory();
  const known = readKnownOrigins(disk, directory);
  using downloader = new Downloader({ ca, proxies });
  const origins = new Origins({
    edges: edgesOf(known, task.region),
    platform: new URL('/', platform),
    get: (url, request) => downloader.get(url, request),
    lastGood: lastGoodOf(known, Date.now()),
    signal,
    random: Math.random,
  });
  const attempt = randomBytes(8).toString('hex');
  const notes: string[] = [];
  const ended = (outcome: Pick<FetchOutcome, 'status' | 'reason' | 'detail' | 'retryAfterSeconds'>): FetchOutcome => {
    const { sha256, document } = readKnownOrigins(disk, directory);
    const standings = origins.standings();
    ifPossible(() =>
      saveKnownOrigins(disk, directory, { sha256, document, standings, ...goodAfter(known, origins.best, Date.now()) }),
    );
    return { version, origins: origins.standings(), notes, peakRssBytes: processUsage().peakRssBytes, ...outcome };
  };
  try {
    const parts = await follow(task, origins, notes);
    await using _metadata = parts.metadata;
    if (task.subject === 'agent') await upgrade(task, parts, attempt);
    else await fetchManifest(parts, version);
    return ended({ status: 'staged', reason: null, detail: '', retryAfterSeconds: 0 });
  } catch (error) {
    signal.throwIfAborted();
    const { code, message, retryAfterSeconds } = asUpgradeError(error);
    if (task.subject === 'agent') ifPossible(() => installation.slots.noteFailure(version, attempt, { code, text: message }));
    return ended({ status: 'failed', reason: code, detail: message, retryAfterSeconds });
  }
}

/** A disk that takes nothing is the reason that is told; it must not hide it. */
function ifPossible(write: () => void): void {
  try {
    write();
  } catch {
    // The running agent tells the platform all the same.
  }
}

/** Signed metadata at its newest, and origins as it lists them. */
async function follow(task: FetchTask, origins: Origins, notes: string[]): Promise<Omit<FetchParts, 'memoryBytes'>> {
  const { installation, region } = task;
  const { disk, directory } = installation;
  disk.makeDirectory(directory);
  await origins.probe();
  trimMemory();
  const { metadata } = await trustIn(task, origins, notes);
  trimMemory();
  try {
    const known = readKnownOrigins(disk, directory);
    const renewed = await fetchOrigins({ disk, directory, metadata, origins }, known);
    if (renewed !== known) saveKnownOrigins(disk, directory, renewed);
    // The first list that is seen: what follows comes from its origins already.
    const isFirst = known.document === null && renewed.document !== null;
    const better = isFirst ? origins.withEdges(edgesOf(renewed, region)) : origins;
    if (isFirst) await better.probe();
    return { disk, directory, metadata, origins: better };
  } catch (error) {
    await metadata[Symbol.asyncDispose]();
    throw error;
  }
}

async function upgrade(task: FetchTask, followed: Omit<FetchParts, 'memoryBytes'>, attempt: string): Promise<void> {
  const { installation, version } = task;
  const { platform, slots, running } = installation;
  const { metadata } = followed;
  const parts: FetchParts = { ...followed, memoryBytes: Math.min(mostDeltaBytes, freeMemory() * deltaShare) };
  const agent = await describeProgram(metadata, ['agent', platform, version]);
  const { state } = agent.custom;
  if (state && state.reads > supportedState)
    throw new UpgradeError(
      'preflight',
      `${version} reads state of format ${state.reads} or later; this agent has ${supportedState}`,
    );
  const current = slots.contentOf(running.slot);
  const isNewRuntime = agent.custom.runtime !== undefined && agent.custom.runtime !== installation.runtimeVersion;
  const runtime = isNewRuntime ? await describeProgram(metadata, ['runtime', platform, agent.custom.runtime ?? '']) : null;
  const content: SlotContent = {
    version,
    code: agent.custom.unpacked.sha256,
    runtime: runtime?.custom.unpacked.sha256 ?? current.runtime,
  };
  const refused = slots.refusalOf(content);
  if (refused) throw new UpgradeError('refused', `${version} is refused here: ${refused.why.text}`);
  const oldFile = (name: 'agent.mjs' | 'node', sha256: string) => ({ path: fileOf(installation, running.slot, name), sha256 });
  const files = {
    runtime: runtime && (await fetchProgram(parts, runtime, oldFile('node', current.runtime))),
    code: await fetchProgram(parts, agent, oldFile('agent.mjs', current.code)),
  };
  const slot = slots.stage(content, files);
  await selfTest(task, slot);
  slots.beginTrial(slot, content, attempt);
}

/** Follows signed metadata from what was trusted last, or from the first root. */
async function trustIn({ installation, subject, version }: FetchTask, origins: Origins, notes: string[]): Promise<Trust> {
  const { disk, directory, platform } = installation;
  const folder = trustDirectory(directory);
  disk.makeDirectory(folder);
  if (disk.size(join(folder, 'root.json')) === null) {
    const { bytes, note } = await firstRoot(installation, origins);
    replaceFile(disk, join(folder, 'root.json'), bytes);
    disk.syncDirectory(dirname(folder));
    if (note !== null) notes.push(note);
  }
  const name = subject === 'agent' ? programTarget('agent', platform, version) : contentTarget(subject, version);
  return refreshTrust(folder, origins, name);
}

/** Whether the staged version starts on this machine, with its runtime, and can read this agent's state. Throws UpgradeError. */
async function selfTest({ installation, stateDirectory, version, signal }: FetchTask, slot: 'a' | 'b'): Promise<void> {
  const [runtime, code] = [fileOf(installation, slot, 'node'), fileOf(installation, slot, 'agent.mjs')];
  const flags = ['--max-old-space-size=96', '--max-semi-space-size=1', '--no-warnings'];
  const child = spawn(runtime, [...flags, code, 'self-test', '--json', '--state-dir', stateDirectory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: selfTestMs,
    killSignal: 'SIGKILL',
    signal,
  });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  const failed = (why: string, cause?: unknown): UpgradeError =>
    new UpgradeError('preflight', `${version} does not start here: ${why}`, { cause });
  const [exitCode] = (await once(child, 'close').catch((error: unknown) => {
    throw failed(describeError(error), error);
  })) as [number | null]; // documented arguments of 'close'
  const [said, complaint] = await outputs;
  const lines = complaint.split('\n').map((line) => line.trim());
  const told = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.findLast((line) => line !== '');
  if (exitCode !== 0) throw failed(told ?? `it ended with ${exitCode ?? 'a signal'}`);
  if (!said.includes(`"version":${JSON.stringify(version)}`)) throw failed(`it says it is ${said.trim().slice(0, 100)}`);
}

function asUpgradeError(error: unknown): UpgradeError {
  const message = describeError(error);
  if (error instanceof UpgradeError) {
    const { code, retryAfterSeconds } = error;
    return new UpgradeError(code, message, { cause: error, retryAfterSeconds });
  }
  if (error instanceof ReleaseError)
    return new UpgradeError(reasons.get(error.code) ?? 'verification', message, { cause: error });
  if (error instanceof OriginError)
    return new UpgradeError('unreachable', message, { cause: error, retryAfterSeconds: error.retryAfterSeconds });
  const { code = '' } = (error ?? {}) as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return new UpgradeError('disk', message, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new UpgradeError('permission', message, { cause: error });
  return new UpgradeError('internal', message, { cause: error });
}

const reasons: ReadonlyMap<string, UpgradeReason> = new Map([
  ['METADATA_EXPIRED', 'expired'],
  ['METADATA_UNREACHABLE', 'unreachable'],
  ['TARGET_UNKNOWN', 'unknown-version'],
] as const);
