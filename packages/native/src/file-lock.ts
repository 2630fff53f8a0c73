import { closeSync, constants, openSync } from 'node:fs';
import { cLibrary, lazily } from './c-library.ts';

const getLock = 5; // F_GETLK on 64-bit systems
const writeLock = 1;
const unlocked = 2;

// Variadic in C; on Linux a pointer travels the same way there.
const load = lazily(() => cLibrary({ fcntl: { arguments: ['int32', 'int32', 'pointer'], return: 'int32' } }));

/**
 * Whether another process holds a POSIX lock (fcntl(2)) on the file; dpkg, apt and rpm mark their runs so. False for a file that is not
 * there, null where it cannot be told.
 */
export function isLocked(path: string): boolean | null {
  const c = load();
  if (c === null) return null;
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : null;
  }
  try {
    const lock = Buffer.alloc(32); // struct flock: type, whence, start, length, process
    lock.writeInt16LE(writeLock, 0);
    return c.call.fcntl(descriptor, getLock, lock) === 0 ? lock.readInt16LE(0) !== unlocked : null;
  } finally {
    closeSync(descriptor);
  }
}
