import { argv, execArgv, execPath, uptime } from 'node:process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { type AgentConfig, processEnvironment } from '../config.ts';
import type { Connection } from '../connect.ts';
import type { Identity } from '../enrollment/identity.ts';
import type { Governor } from '../governor/governor.ts';
import type { Log } from '../log.ts';
import { appendJournal } from '../state/journal.ts';
import type { FetchOutcome } from './fetch-release.ts';
import { findInstallation } from './installation.ts';
import { Upgrader } from './upgrader.ts';

export interface StartUpgraderInput {
  readonly config: AgentConfig;
  readonly identity: Identity;
  readonly connection: Pick<Connection, 'engine' | 'consumption' | 'platformNow'>;
  readonly governor: Pick<Governor, 'settings' | 'isQuiet'>;
  readonly restart: () => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Null for an agent that was not installed from a package. */
export function startUpgrader(input: StartUpgraderInput): Upgrader | null {
  const { config, connection, governor, restart, log } = input;
  const { stateDirectory } = config;
  const environment = processEnvironment();
  const installation = findInstallation(stateDirectory, environment);
  if (!installation) return null;
  // For trying releases out: half a minute is short for a fleet and long for a test.
  const leastSeconds = Number(environment['VEDETTE_PROBATION_SECONDS'] ?? Number.NaN);
  const isQuiet = (): boolean => governor.isQuiet(new Date());
  return new Upgrader({
    installation,
    fetch: (version, region) => fetchInChild(input, region === null ? version : `${version}@${region}`),
    restart,
    health: () => {
      const { peakRssBytes, cpuSeconds } = connection.consumption();
      return { isSynced: !connection.engine.hasPending || isQuiet(), peakRssBytes, cpuSeconds, uptimeSeconds: uptime() };
    },
    limits: () => ({ memoryBytes: governor.settings.memoryMegabytes * 1e6, cpuPercent: governor.settings.hardCpuPercent }),
    isQuiet,
    note: (what) => noteInJournal(stateDirectory, what),
    log,
    now: Date.now,
    platformNow: connection.platformNow,
    elapsed: () => performance.now(),
    random: Math.random,
    ...(leastSeconds >= 1 ? { leastSeconds } : {}),
  });
}

/** What it takes to check signatures and unpack is gone with the child; it is within the budget of this process' control group. */
async function fetchInChild({ config, identity, signal }: StartUpgraderInput, wanted: string): Promise<FetchOutcome> {
  const caFile = config.caFile ?? identity.caFile;
  const options = ['--json', '--state-dir', config.stateDirectory, '--platform', identity.platform];
  const child = spawn(
    execPath,
    [...execArgv, argv[1] ?? '', 'fetch-release', wanted, ...options, ...(caFile === null ? [] : ['--ca-file', caFile])],
    { stdio: ['ignore', 'pipe', 'inherit'], signal },
  );
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const said = text(child.stdout);
  const [code] = (await once(child, 'close')) as [number | null]; // documented arguments of 'close'
  try {
    return JSON.parse(await said) as FetchOutcome; // our own program
  } catch (error) {
    throw new Error(`fetching ended with ${code ?? 'a signal'} and no outcome`, { cause: error });
  }
}

/** Beside what was sent: what this agent did to itself. */
function noteInJournal(stateDirectory: string, what: string): void {
  const at = new Date().toISOString();
  appendJournal(stateDirectory, { at, path: 'upgrade', subjects: [what], bytes: 0, digest: '', status: null, receipt: null });
}
