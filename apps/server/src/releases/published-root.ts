import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metadataFolder } from '@vedette/release';

/** A root as it lies below `tuf/`: its version, and SHA-256 of the file in hexadecimal. */
export interface PublishedRoot {
  readonly version: number;
  readonly sha256: string;
}

/** The newest root of a directory of releases; null before the first publication. */
export async function publishedRoot(releasesDirectory: string): Promise<PublishedRoot | null> {
  const folder = join(releasesDirectory, metadataFolder);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const version = Math.max(0, ...names.map((name) => Number(/^([1-9][0-9]{0,8})\.root\.json$/.exec(name)?.[1] ?? 0)));
  if (version === 0) return null;
  return { version, sha256: hash('sha256', await readFile(join(folder, `${version}.root.json`))) };
}
