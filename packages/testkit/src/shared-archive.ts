import { createReadStream, existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { readTar } from '@vedette/cli';

const shared = process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared');
/** No member of the archives is nearly as large. */
const maxMemberBytes = 64 * 1024 * 1024;

/** A file of an archive of real data. */
export interface SharedFile {
  /** Its name without a folder. */
  readonly name: string;
  /** Its path inside the archive. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the files of an archive of real data (`almalinux/osv-database-2026-08-21.tar.zst`); nothing is unpacked to a disk. Null, and a line
 * on standard output, where the data is not there.
 */
export function sharedArchive(name: string): (() => Promise<readonly SharedFile[]>) | null {
  const archive = join(shared, 'data', name);
  if (!existsSync(archive)) {
    process.stdout.write(`skipped: no feed data (${name})\n`);
    return null;
  }
  return async () => {
    const unpacked = pipeline(createReadStream(archive), createZstdDecompress(), () => undefined); // reading it throws what goes wrong
    const files: SharedFile[] = [];
    for await (const { path, bytes } of readTar(unpacked, maxMemberBytes)) {
      // A copy, as a view would keep all of the reader's buffer.
      files.push({ name: basename(path), path, bytes: new Uint8Array(bytes) });
    }
    return files;
  };
}
