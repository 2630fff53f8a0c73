import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, realpath, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Account, reachableFor } from './account.ts';
import { EmbeddedPostgresError, errorFromFileSystem } from './embedded-postgres-error.ts';

/** Where one embedded database lives. */
export interface Place {
  /** Owned by the account, 0700; holds everything below but, perhaps, the socket. */
  readonly root: string;
  /** PostgreSQL's own data directory (PGDATA). */
  readonly cluster: string;
  readonly socketDirectory: string;
  /** False when the wanted directory could not be used. */
  readonly asWanted: boolean;
}

const systemDirectory = '/var/lib/vedette';

// sun_path of unix(7) holds 108 bytes with the closing zero; PostgreSQL appends "/.s.PGSQL.5432".
const maxSocketDirectoryBytes = 107 - '/.s.PGSQL.5432'.length;

/**
 * The wanted directory, or, when the account cannot walk there (a checkout in root's home), a directory below
 * /var/lib/vedette named after it. Data that exist already are found again in whichever of both they are.
 */
export async function choosePlace(wanted: string, account: Account, fallback: string = systemDirectory): Promise<Place> {
  const asked = resolve(wanted);
  const elsewhere = join(fallback, shortHash(asked));
  const candidates = account.change ? [asked, elsewhere] : [asked];
  const found = candidates.find((root) => existsSync(join(root, 'cluster/PG_VERSION')) && reachableFor(account, root));
  const chosen = found ?? candidates.find((candidate) => reachableFor(account, candidate)) ?? asked;
  await ownDirectory(chosen, account);
  if (chosen !== asked) await pointTo(chosen, asked);
  const root = await realpath(chosen);
  if (!reachableFor(account, root)) {
    throw new EmbeddedPostgresError(
      'NO_PERMISSION',
      `The user PostgreSQL runs as (uid ${account.uid}) cannot reach ${root}`,
      'Choose a VEDETTE_DATA_DIR below a directory that other users may enter.',
    );
  }
  return {
    root,
    cluster: join(root, 'cluster'),
    socketDirectory: await socketDirectory(root, account),
    asWanted: chosen === asked,
  };
}

/** Leaves a link where the data were wanted, so that whoever looks there, or deletes them, finds them. */
async function pointTo(chosen: string, asked: string): Promise<void> {
  if (existsSync(asked)) return;
  await mkdir(dirname(asked), { recursive: true });
  await symlink(chosen, asked);
}

async function socketDirectory(root: string, account: Account): Promise<string> {
  const beside = join(root, 'socket');
  const directory =
    Buffer.byteLength(beside) <= maxSocketDirectoryBytes ? beside : `/tmp/vedette-${account.uid}-${shortHash(root)}`;
  await ownDirectory(directory, account);
  return directory;
}

/** Makes a directory that only the account can use. Refuses one of somebody else: in /tmp anybody may have put it there first. */
async function ownDirectory(path: string, account: Account): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    const stat = await lstat(path);
    if (!stat.isDirectory() || ![account.uid, account.change ? 0 : account.uid].includes(stat.uid)) {
      throw new EmbeddedPostgresError(
        'NO_PERMISSION',
        `${path} belongs to somebody else`,
        'Remove it, or choose another VEDETTE_DATA_DIR.',
      );
    }
    if (account.change) await chown(path, account.uid, account.gid);
    await chmod(path, 0o700);
  } catch (error) {
    throw errorFromFileSystem(path, error);
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
