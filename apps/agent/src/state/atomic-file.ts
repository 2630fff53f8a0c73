import { pid } from 'node:process';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces a file as a whole: after a crash it holds the old content or the new one, never a part. Mode 0600. `durable: false` leaves
 * out the two fsyncs, for what may be lost with the power.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array, { durable = true } = {}): void {
  const temporary = `${path}.${pid}.tmp`;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const file = openSync(temporary, 'w', 0o600);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  if (durable) syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The file's bytes; null when it does not exist. Throws when it is larger than `maxBytes` or cannot be read. */
export function readFileIfPresent(path: string, maxBytes: number): Buffer | null {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, more than ${maxBytes}`);
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
