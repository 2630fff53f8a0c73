import { execFile, execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { type Rollout, startRollout } from '@vedette/protocol';
import { eventually, type PlatformProcess } from '@vedette/testkit';
import { checkInSignal } from '../../apps/agent/src/commands/check.ts';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { loadIdentity } from '../../apps/agent/src/enrollment/identity.ts';
import { lockHolder } from '../../apps/agent/src/state/state-lock.ts';
import { findInstallation } from '../../apps/agent/src/upgrade/installation.ts';
import { agentBundle } from '../../tools/build-agent.ts';
import { buildAgent } from '../../tools/start/build.ts';

const execute = promisify(execFile);
const askEveryMs = 2000;
const repository = join(import.meta.dirname, '../..');
const deploy = join(repository, 'deploy/agent');

/** The agent's bundle as the sources are, under its own version; `npm test` has built it. */
export async function bundle(): Promise<string> {
  await buildAgent(repository);
  return readFileSync(agentBundle, 'utf8');
}

/** The same bundle as another version; `change` makes it worse, too. */
export function asVersion(code: string, version: string, change: (code: string) => string = (same) => same): Buffer {
  return Buffer.from(change(code.replaceAll(agentVersion, version)));
}

/**
 * Wants a version, which was released before the platform started, on all agents: what is published beside it, it sees a minute later.
 * Those that are given hear of it at once, the others with their next check-in.
 */
export async function giveToAll(
  platform: PlatformProcess,
  version: string,
  agents: readonly InstalledAgent[] = [],
): Promise<Rollout> {
  const rings = [{ name: 'all', tags: [], percent: 100 }];
  const rollout = await platform.client.call(startRollout, { body: { subject: 'agent', version, rings } });
  for (const agent of agents) agent.checkInNow();
  return rollout;
}

/** For `eventually`: asks, which takes a process, when what it would tell has changed, and every other second besides. */
export function whenChanged<Answer>(
  look: () => Promise<string> | string,
  ask: () => Promise<Answer | null>,
): () => Promise<Answer | null> {
  let [seen, askedAt] = ['', Number.NEGATIVE_INFINITY];
  return async () => {
    const now = await look();
    if (now === seen && performance.now() - askedAt < askEveryMs) return null;
    [seen, askedAt] = [now, performance.now()];
    return ask();
  };
}

function currentLauncher(): Buffer {
  return readFileSync(join(deploy, 'vedette-agent'));
}

/** What `vedette-agent status --json` says of upgrades. */
export interface UpgradeStatus {
  readonly version: string;
  readonly slot: string;
  readonly trial: { readonly version: string } | null;
  readonly last: { readonly to: string; readonly outcome: string; readonly why: { code: string; text: string } | null } | null;
  readonly refused: readonly { readonly version: string }[];
  readonly origins: readonly { origin: string; bytes: number; failure: string | null }[];
}

/** The agent laid out as a package does it, in a directory of its own, with the real launcher and supervisor. */
export class InstalledAgent implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'vedette-installed-'));
  readonly #environment: Readonly<Record<string, string>>;

  constructor(code: Uint8Array, environment: Readonly<Record<string, string>>, launcher = currentLauncher()) {
    for (const name of ['lib', 'run', 'state']) mkdirSync(join(this.directory, name), { mode: 0o700 });
    symlinkSync(process.execPath, join(this.directory, 'lib/node'));
    this.install(code, agentVersion, launcher);
    this.#environment = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      VEDETTE_LIB: join(this.directory, 'lib'),
      VEDETTE_CONF: join(this.directory, 'none'),
      VEDETTE_STATE_DIR: this.stateDirectory,
      VEDETTE_SETTINGS_FILE: join(this.directory, 'settings.json'),
      VEDETTE_RUN_DIR: join(this.directory, 'run'),
      VEDETTE_LOG_FILE: join(this.directory, 'log'),
      VEDETTE_AGENT: join(this.directory, 'vedette-agent'),
      VEDETTE_LOG_LEVEL: 'info',
      VEDETTE_PROBATION_SECONDS: '5',
      VEDETTE_GUARD_SECONDS: '20',
      ...environment,
    };
  }

  get stateDirectory(): string {
    return join(this.directory, 'state');
  }

  /** Of the platform; null until it has enrolled. Starts no process, as `status` does. */
  get assetId(): string | null {
    return loadIdentity(this.stateDirectory)?.assetId ?? null;
  }

  get log(): string {
    const file = join(this.directory, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** What a package would put in place. */
  install(code: Uint8Array, version: string, launcher = currentLauncher()): void {
    writeFileSync(join(this.directory, 'vedette-agent'), launcher, { mode: 0o755 });
    const lib = join(this.directory, 'lib');
    writeFileSync(join(lib, 'agent.mjs'), code);
    writeFileSync(join(lib, 'release'), `${version} ${hash('sha256', code)} ${hash('sha256', 'the runtime of this test')}\n`);
  }

  /** What a download would end with: the next start is the first of this version, on trial. */
  tryVersion(code: Uint8Array, version: string): void {
    const environment = { VEDETTE_LIB: join(this.directory, 'lib'), VEDETTE_SLOT: 'base', VEDETTE_ATTEMPT: 'none' };
    const installation = findInstallation(this.stateDirectory, environment);
    if (!installation) throw new Error('the agent is not installed');
    const { slots, directory } = installation;
    const file = join(directory, 'download/code');
    mkdirSync(join(directory, 'download'), { recursive: true });
    writeFileSync(file, code);
    const content = { version, code: hash('sha256', code), runtime: slots.contentOf('base').runtime };
    slots.beginTrial(slots.stage(content, { code: file, runtime: null }), content, 'bytest');
  }

  /** With settings of the host's owner that make it quick. */
  start(): void {
    writeFileSync(join(this.directory, 'settings.json'), JSON.stringify({ checkInSeconds: 10, cpuPercent: 10 }));
    this.#supervise('start');
  }

  run(...args: string[]): string {
    return execFileSync(join(this.directory, 'vedette-agent'), args, { env: this.#environment, encoding: 'utf8', stdio: 'pipe' });
  }

  /** The same, for what takes its time: a test that waits for it goes on with the connections that it holds. */
  async ask(...args: string[]): Promise<string> {
    return (await execute(join(this.directory, 'vedette-agent'), args, { env: this.#environment })).stdout;
  }

  status(): { upgrade: UpgradeStatus; processId: number | null; assetId: string } {
    return JSON.parse(this.run('status', '--json')) as ReturnType<InstalledAgent['status']>;
  }

  /** Has the running agent check in now, as its command `check` does, but waits for nothing. One that is about to start does so by itself. */
  checkInNow(): void {
    const holder = lockHolder(this.stateDirectory);
    if (holder !== null) process.kill(holder, checkInSignal);
  }

  /** Collectors of which a document was sent, or was about to be, and waits to be acknowledged, with its sequence. */
  waiting(): ReadonlyMap<string, number> {
    const file = join(this.stateDirectory, 'spool.db');
    if (!existsSync(file)) return new Map();
    using database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
    const rows = database.prepare('select collector, sequence from outgoing order by collector').all();
    return new Map(rows.map(({ collector, sequence }) => [String(collector), Number(sequence)]));
  }

  /** Waits until the upgrade's status is as wanted. Others go on meanwhile. */
  async until(what: string, timeoutMs: number, holds: (upgrade: UpgradeStatus) => boolean): Promise<UpgradeStatus> {
    const file = join(this.stateDirectory, 'upgrade/state');
    const look = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    const ask = async (): Promise<UpgradeStatus | null> => {
      const { upgrade } = JSON.parse(await this.ask('status', '--json')) as ReturnType<InstalledAgent['status']>; // our own program
      return upgrade && holds(upgrade) ? upgrade : null;
    };
    try {
      return await eventually(what, timeoutMs, whenChanged(look, ask));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.log.slice(-4000)}\n${JSON.stringify(this.status().upgrade)}`, {
        cause: error,
      });
    }
  }

  #supervise(action: string): void {
    execFileSync(join(deploy, 'supervise'), [action], { env: this.#environment, stdio: 'pipe' });
  }

  stop(): void {
    this.#supervise('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
