import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const shared = process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const archives = ['security-tracker-lists-2025-02-13.tar.zst', 'derived-dsa-dla-since-2025-02-13.tar.zst'].map((name) =>
  join(shared, 'data/debian', name),
);

/** Whether the advisory lists of Debian's security tracker, of which the archives hold a copy, are there. */
export function hasDebianFeed(): boolean {
  return archives.every((archive) => existsSync(archive));
}

/** Unpacks them into a new directory, as an operator without network would lay them down. */
export function unpackDebianFeed(directory: string): void {
  mkdirSync(directory);
  for (const archive of archives) execFileSync('tar', ['--zstd', '-xf', archive, '-C', directory]);
}
