import { pid } from 'node:process';
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * What an upgrade does to the disk, step by step. Nothing but the two `sync` steps makes anything last through a power cut: a simulator
 * implements the same and forgets what was not synced.
 */
export interface Disk {
  /** Null when there is no such file. Throws when it is larger than `maxBytes`. */
  read(path: string, maxBytes: number): Buffer | null;
  /** Bytes of a file; null when there is none. */
  size(path: string): number | null;
  /** Names in a directory; empty when there is none. */
  list(path: string): string[];
  /** Makes the file anew. Modes as in open(2); 0600 when not given. */
  write(path: string, content: Uint8Array, mode?: number): void;
  append(path: string, content: Uint8Array): void;
  /** A second name for the same file, or a copy where the file system has no such thing. */
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  makeDirectory(path: string): void;
  /** With everything below; it need not exist. */
  remove(path: string): void;
  syncFile(path: string): void;
  syncDirectory(path: string): void;
}

export const realDisk: Disk = {
  read: (path, maxBytes) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return null;
    if (found.size > maxBytes) throw new Error(`${path} has ${found.size} bytes, more than ${maxBytes}`);
    return readFileSync(path);
  },
  size: (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? found.size : null;
  },
  list: (path) => {
    try {
      return readdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  write: (path, content, mode = 0o600) => writeAll(path, 'w', content, mode),
  append: (path, content) => writeAll(path, 'a', content, 0o600),
  link: (from, to) => {
    try {
      linkSync(from, to);
    } catch {
      copyFileSync(from, to);
    }
  },
  rename: renameSync,
  makeDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  syncFile: sync,
  syncDirectory: sync,
};

function writeAll(path: string, flags: 'w' | 'a', bytes: Uint8Array, mode: number): void {
  const file = openSync(path, flags, mode);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}

/** fsync(2) reaches what was written through any descriptor of the file. */
function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Replaces a file as a whole, so that after a power cut at any moment it holds the old content or the new one; it lasts on return. */
export function replaceFile(disk: Disk, path: string, content: string | Uint8Array, mode?: number): void {
  const temporary = `${path}.${pid}.tmp`;
  disk.write(temporary, typeof content === 'string' ? Buffer.from(content) : content, mode);
  disk.syncFile(temporary);
  disk.rename(temporary, path);
  disk.syncDirectory(dirname(path));
}
