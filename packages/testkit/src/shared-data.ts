import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const shared = process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared');

/** A file of an archive of real data. */
export interface SharedFile {
  /** Its name without a folder. */
  readonly name: string;
  /** Its path inside the archive. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of an archive of real data (`almalinux/osv-database-2026-08-21.tar.zst`), unpacked to a scratch folder until the
 * process ends; one in memory at a time. Null, and a line on standard output, where the data is not there.
 */
export function sharedArchive(name: string): Iterable<SharedFile> | null {
  const archive = join(shared, 'data', name);
  if (!existsSync(archive)) {
    process.stdout.write(`skipped: no feed data (${name})\n`);
    return null;
  }
  let folder: string | undefined;
  return {
    *[Symbol.iterator]() {
      folder ??= unpack(archive);
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        yield { name: entry.name, path: relative(folder, path), bytes: readFileSync(path) };
      }
    },
  };
}

function unpack(archive: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vedette-shared-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  execFileSync('tar', ['--zstd', '-xf', archive, '-C', folder]);
  return folder;
}
