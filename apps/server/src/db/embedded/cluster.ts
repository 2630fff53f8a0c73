import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { kill, pid } from 'node:process';
import { text } from 'node:stream/consumers';
import type { Account } from './account.ts';
import { EmbeddedPostgresError, errorFromOutput } from './embedded-postgres-error.ts';
import type { Place } from './place.ts';

export const superuser = 'vedette';

const half = 'cluster.half-';
// A fresh cluster takes 40 MB and its write-ahead log soon 100; below this, failing early beats failing in the middle.
const minFreeBytes = 256 * 1024 * 1024;

/** Creates the cluster unless it is there. Complete or absent, never half: it is made aside and renamed. */
export async function ensureCluster(place: Place, binaries: string, account: Account): Promise<void> {
  if (existsSync(join(place.cluster, 'PG_VERSION'))) return;
  await removeAbandoned(place.root);
  const { bavail, bsize } = await statfs(place.root);
  if (bavail * bsize < minFreeBytes) throw errorFromOutput(`Creating the database in ${place.root}`, 'No space left on device');
  const directory = join(place.root, `${half}${pid}-${randomUUID()}`);
  try {
    await initdb(directory, binaries, account);
    await rename(directory, place.cluster);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    // Another starter was first: its cluster is as good as ours.
    if (!existsSync(join(place.cluster, 'PG_VERSION'))) throw error;
  }
}

async function initdb(directory: string, binaries: string, account: Account): Promise<void> {
  // The built-in locale provider: the collation of indexes then never depends on the libc or ICU of the machine.
  const options = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--data-checksums'];
  const access = [`--username=${superuser}`, '--auth-local=trust', '--auth-host=reject'];
  const child = spawn(join(binaries, 'bin/initdb'), ['--pgdata', directory, '--no-instructions', ...options, ...access], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    ...runAs(account),
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]).catch((cause: unknown) => {
    throw new EmbeddedPostgresError('NO_BINARIES', `${binaries}/bin/initdb cannot be run`, 'Run "npm ci" again.', { cause });
  });
  if (code !== 0) throw errorFromOutput('Creating the database', errors + output);
}

/** Options of spawn for a child under the account, with nothing of our environment: it may hold secrets. */
export function runAs(account: Account): { uid?: number; gid?: number; env: Record<string, string> } {
  const env = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
  return account.change ? { uid: account.uid, gid: account.gid, env } : { env };
}

/** Removes what an initdb left that was killed half way, but not that of a process still at work. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(half) && !isAlive(Number.parseInt(name.slice(half.length), 10)))
      await rm(join(root, name), { recursive: true, force: true });
  }
}

export function isAlive(processId: number): boolean {
  if (!(processId > 1)) return false;
  try {
    return kill(processId, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Gives a file or directory to the account, readable by it alone. */
export async function giveTo(account: Account, path: string, mode: number): Promise<void> {
  if (account.change) await chown(path, account.uid, account.gid);
  await chmod(path, mode);
}
