import { kill, pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCollector } from '@vedette/collectors';
import { agentPaths, type CheckIn, type Machine } from '@vedette/protocol';
import { linuxHost } from '@vedette/host';
import { connect } from '../connect.ts';
import { agentVersion } from '../config.ts';
import { importPublicKey, loadIdentity } from '../enrollment/identity.ts';
import { readMachine } from '../enrollment/machine.ts';
import { AgentError } from '../errors.ts';
import { manifestCollectors } from '../manifest/manifest-collectors.ts';
import { loadManifest } from '../manifest/manifest-file.ts';
import { observationOf } from '../schedule/observation-of.ts';
import { openStateDirectory } from '../state/state-directory.ts';
import { lockHolder, StateLock } from '../state/state-lock.ts';
import { readStatusFile, writeStatusFile, type AgentStatus } from '../state/status-file.ts';
import type { SentDocument } from '../sync/sync-engine.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Asks the running agent for a full scan. Not SIGUSR1: Node would open a debugger on it. */
export const scanSignal = 'SIGUSR2';
const longestWaitMs = 5 * 60_000;

export async function scanCommand(context: CommandContext): Promise<CommandOutput> {
  const { stateDirectory } = context.config;
  openStateDirectory(stateDirectory);
  const holder = lockHolder(stateDirectory);
  return holder === null ? scanHere(context) : scanThere(context, holder);
}

async function scanHere({ config: { stateDirectory, proxies }, signal }: CommandContext): Promise<CommandOutput> {
  using _lock = StateLock.acquire(stateDirectory);
  const identity = loadIdentity(stateDirectory);
  if (!identity) throw new AgentError('NOT_ENROLLED', 'this agent is not enrolled; run `vedette-agent enroll` first');
  const machine = (): Machine | null => readMachine(linuxHost());
  let isClone = false;
  const onClone = (): void => void (isClone = true);
  using connection = connect({ stateDirectory, identity, proxies, signal, machine, onClone });
  const { engine, client, consumption } = connection;
  const since = new Date().toISOString();
  const manifest = loadManifest(stateDirectory, importPublicKey(identity.platformPublicKey));
  for (const collector of manifestCollectors(manifest))
    engine.observe(observationOf(collector, await runCollector(collector, linuxHost()), Date.now()));
  const documents = await engine.sync().catch((error: unknown) => {
    throw isClone
      ? new AgentError('PLATFORM', 'this machine is a clone of another asset; `vedette-agent run` makes it its own')
      : error;
  });
  const { sentBytes } = client;
  const sentAt = new Date().toISOString();
  const message: CheckIn = { agentVersion, sentAt, collectors: engine.states(), consumption: consumption() };
  await client.post(agentPaths.checkIn, message);
  const done = { collectors: engine.states(), consumption: consumption() };
  const times = { since, fullScanAt: sentAt, checkInAt: sentAt };
  writeStatusFile(stateDirectory, {
    processId: pid,
    ...times,
    problem: null,
    firstSync: { documents, sentBytes },
    ...done,
  });
  if (engine.hasPending) throw new AgentError('PLATFORM', `the platform did not take everything: ${unsettled(documents)}`);
  return { json: { documents, sentBytes, ...done }, text: describe(documents, sentBytes) };
}

async function scanThere({ config, wait, signal }: CommandContext, holder: number): Promise<CommandOutput> {
  const askedAt = Date.now();
  kill(holder, scanSignal);
  if (!wait)
    return {
      json: { askedProcess: holder },
      text: `the agent runs as process ${holder}; it was asked to scan now (--wait waits for it)`,
    };
  while (Date.now() - askedAt < longestWaitMs) {
    const status = readStatusFile(config.stateDirectory);
    if (status && hasScannedSince(status, askedAt))
      return { json: { askedProcess: holder, ...status }, text: `scanned by process ${holder} at ${status.fullScanAt}` };
    await sleep(250, undefined, { signal });
  }
  throw new AgentError('PLATFORM', `process ${holder} has not finished a scan within ${longestWaitMs / 1000} seconds`);
}

/** Whether a full scan that began after this moment (milliseconds since 1970) was collected and sent. */
export function hasScannedSince(
  { fullScanAt, checkInAt }: Pick<AgentStatus, 'fullScanAt' | 'checkInAt'>,
  since: number,
): boolean {
  return Date.parse(fullScanAt ?? '') >= since && Date.parse(checkInAt ?? '') >= since;
}

function unsettled(documents: readonly SentDocument[]): string {
  return documents
    .filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'duplicate')
    .map(({ collector }) => collector)
    .join(', ');
}

function describe(documents: readonly SentDocument[], sentBytes: number): string {
  if (documents.length === 0) return 'nothing changed since the last scan';
  const lines = documents.map(
    ({ collector, kind, rows, removed, bytes, outcome }) =>
      `${collector.padEnd(20)}${kind.padEnd(10)}${String(rows).padStart(6)} rows ${String(removed).padStart(6)} removed ${String(bytes).padStart(8)} bytes  ${outcome}`,
  );
  return [...lines, `${sentBytes} bytes sent`].join('\n');
}
