import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from './account.ts';
import { giveTo, isAlive, runAs } from './cluster.ts';
import type { Place } from './place.ts';

const logFilesKept = 5;

/** One value per line of how we run PostgreSQL; callers may add or replace. Reasons stand beside what is not obvious. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '', // unix socket only: the OpenSSL that comes with these binaries is old
  unix_socket_permissions: '0700',
  fsync: 'on',
  shared_buffers: '128MB',
  max_wal_size: '1GB', // bounds the redo after a crash to some fifteen seconds
  checkpoint_timeout: '5min',
  wal_compression: 'off', // this build has only pglz, which made large inserts five times slower
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'on',
  log_filename: 'postgresql-%Y%m%d-%H%M%S.log',
  log_rotation_age: '0',
  log_rotation_size: '10MB',
};

/** Process id of the postmaster that serves this cluster, also one that outlived its starter; null when none does. */
export function livePostmaster(place: Place): number | null {
  const file = join(place.cluster, 'postmaster.pid');
  let id: number;
  try {
    id = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
  } catch {
    return null;
  }
  if (!Number.isInteger(id) || id < 2) return null;
  if (isAlive(id) && worksIn(id, place.cluster)) return id;
  // After a reboot the number may belong to any process, and PostgreSQL itself would refuse to start beside it.
  if (isAlive(id)) rmSync(file, { force: true });
  return null;
}

/** A postmaster's working directory is its data directory: the one sign that a reused process id cannot fake. */
function worksIn(id: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${id}/cwd`) === realpathSync(directory);
  } catch {
    return false;
  }
}

export interface StartedPostmaster {
  readonly pid: number;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  /** What it wrote before it could open its own log, and that log's end. */
  readonly output: () => Promise<string>;
}

/** Starts a postmaster in a session of its own: Ctrl-C in our terminal must reach it through us, after our last transaction. */
export async function spawnPostmaster(
  place: Place,
  binaries: string,
  account: Account,
  extra: Readonly<Record<string, string>>,
): Promise<StartedPostmaster> {
  const logs = join(place.root, 'log');
  mkdirSync(logs, { recursive: true });
  await giveTo(account, logs, 0o700);
  await removeOldLogs(logs);
  const before = await endOfLogs(logs);
  const startLog = join(place.root, 'start.log');
  const descriptor = openSync(startLog, 'w', 0o600);
  const all = { ...settings, unix_socket_directories: place.socketDirectory, log_directory: logs, ...extra };
  const child = spawn(
    join(binaries, 'bin/postgres'),
    ['-D', place.cluster, ...Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    {
      stdio: ['ignore', descriptor, descriptor],
      detached: true,
      cwd: '/',
      ...runAs(account),
    },
  );
  closeSync(descriptor);
  let failure = '';
  const exited = new Promise<void>((resolve) => {
    child
      .once('exit', () => resolve())
      .once('error', (error) => {
        failure = error.message;
        resolve();
      });
  });
  // It may outlive us: a killed server must not take its database down in the middle of something.
  child.unref();
  return {
    pid: child.pid ?? -1,
    exited,
    output: async () => failure + readFileSync(startLog, 'utf8') + (await logsSince(logs, before)),
  };
}

/** Ends it as "pg_ctl stop -m fast" does; immediately (recovery at the next start) when that takes over `patienceMs`. */
export async function stopPostmaster(id: number, patienceMs: number): Promise<void> {
  signalIfThere(id, 'SIGINT');
  for (let waited = 0; isAlive(id); waited += 10) {
    if (waited === patienceMs) signalIfThere(id, 'SIGQUIT');
    await delay(10);
  }
}

function signalIfThere(id: number, signal: NodeJS.Signals): void {
  try {
    kill(id, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function removeOldLogs(logs: string): Promise<void> {
  const names = (await readdir(logs)).sort();
  for (const name of names.slice(0, -logFilesKept)) await rm(join(logs, name), { force: true });
}

/** Where the newest log ends: starts of one second share one. */
async function endOfLogs(logs: string): Promise<{ readonly name: string; readonly bytes: number }> {
  const name = (await readdir(logs)).sort().at(-1) ?? '';
  return { name, bytes: name === '' ? 0 : (await stat(join(logs, name))).size };
}

/** The end of what was logged since; what an earlier start wrote says nothing of this one. */
async function logsSince(logs: string, { name, bytes }: { readonly name: string; readonly bytes: number }): Promise<string> {
  const newest = (await readdir(logs)).sort().at(-1);
  if (newest === undefined) return '';
  const content = await readFile(join(logs, newest));
  return content
    .subarray(newest === name ? bytes : 0)
    .toString('utf8')
    .slice(-4096);
}
