import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartError } from './settings.ts';

const neededMegabytes = 1024;
/** Files only a start makes: what tells our data directory from any other folder. */
const ownFiles = ['start-token', 'running.json', 'platform.log', 'platform'];

/** Makes the directory and checks that it can be used. Throws StartError cannotCreate, noPermission or noSpace. */
export function openDataDirectory(path: string): void {
  try {
    // Readable for others: the database may run as another user below it. Secrets are files of mode 0600.
    // Only the last folder: below /proc a recursive mkdir of Node never returns.
    if (!existsSync(path)) mkdirSync(path, { mode: 0o755 });
    if (!statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
    const advice = denied ? 'this user may not write there' : `${path} cannot be made a directory (${String(code)})`;
    throw new StartError(
      denied ? 'noPermission' : 'cannotCreate',
      `data directory ${path}: ${advice}; choose another with --data DIR.`,
      {
        cause: error,
      },
    );
  }
  const { bavail, bsize } = statfsSync(path);
  const freeMegabytes = Math.floor((bavail * bsize) / 1024 ** 2);
  if (freeMegabytes < neededMegabytes) {
    throw new StartError(
      'noSpace',
      `only ${freeMegabytes} MB are free at ${path}, ${neededMegabytes} MB are needed: free some space or choose another disk with --data DIR.`,
    );
  }
}

/** Deletes what an earlier start made. Throws StartError failure for a directory that is not ours. */
export function resetDataDirectory(path: string): void {
  if (!existsSync(path) || readdirSync(path).length === 0) return;
  if (!ownFiles.some((file) => existsSync(join(path, file)))) {
    throw new StartError('failure', `${path} holds nothing that a start made; it is left alone. Check --data DIR.`);
  }
  // The database lies elsewhere when its user could not reach this folder; the platform leaves a link to it.
  const database = join(path, 'platform/postgres');
  if (lstatSync(database, { throwIfNoEntry: false })?.isSymbolicLink() && existsSync(database)) {
    rmSync(realpathSync(database), { recursive: true });
  }
  rmSync(path, { recursive: true });
}
