import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  statfs,
  statSync,
  type Stats,
  type StatsFs,
} from 'node:fs';
import { networkInterfaces } from 'node:os';
import { HostError, type FileStatus, type FileSystemSize, type Host, type NetworkAddress } from '@vedette/collectors';
import { askSocket } from './ask-socket.ts';
import { resolveInRoot } from './resolve-in-root.ts';

/** A directory with more names is refused: nothing a collector lists holds as many. */
const maxEntries = 100_000;
/** A network file system that does not answer within this time is reported, not waited for. */
const statFileSystemMs = 2_000;
/** First guess for files that state no size, as those of /proc. */
const chunkBytes = 16 * 1024;

export interface LinuxHostOptions {
  /** Read another root directory (an image, a mounted disk) as if it were `/`; its links cannot lead out of it. */
  readonly root?: string;
  /** What holds a budget; nothing does when absent. */
  readonly breathe?: () => Promise<void>;
}

/** This machine, or what lies under `root`. Addresses and the kernel's own views are always those of this machine. */
export function linuxHost(options: LinuxHostOptions = {}): Host {
  const { root = '/', breathe = () => Promise.resolve() } = options;
  // The host's own root needs no walk: the kernel follows links there as it should.
  const real = root === '/' ? (path: string): string => path : (path: string): string => resolveInRoot(root, path);
  const parentReal = root === '/' ? real : (path: string): string => resolveInRoot(root, path, { followLast: false });
  const readFile: Host['readFile'] = (path, { maxBytes }) => attempt(path, () => readRegularFile(real(path), path, maxBytes));
  return {
    platform: process.platform,
    architecture: process.arch,
    readFile,
    readText: (path, limit) => {
      const bytes = readFile(path, limit);
      return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    },
    readRange: (path, range) => attempt(path, () => readRange(real(path), path, range)),
    readLink: (path) => attempt(path, () => readlinkSync(parentReal(path)), ['EINVAL']),
    listDirectory: (path) => attempt(path, () => sortedNames(real(path), path), ['ENOTDIR']),
    stat: (path) => attempt(path, () => fileStatus(statSync(real(path)))),
    statFileSystem: (mount) => fileSystemSize(mount, real),
    // Who listens there is of this machine and says nothing of an image.
    askSocket: root === '/' ? askSocket : () => Promise.resolve(null),
    networkAddresses,
    sha256: (content) => createHash('sha256').update(content).digest('hex'),
    breathe,
  };
}

function readRegularFile(realPath: string, path: string, maxBytes: number): Uint8Array {
  // O_NONBLOCK: opening a FIFO would otherwise wait for a writer that never comes.
  const fd = openSync(realPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new HostError('NOT_A_FILE', path);
    if (stats.size > maxBytes) throw new HostError('TOO_LARGE', path);
    // One byte more than the stated size, so that an unchanged file is read and seen to end in two calls.
    let buffer = Buffer.allocUnsafe(Math.min(Math.max(stats.size, chunkBytes), maxBytes) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      if (read === 0) return buffer.subarray(0, length);
      length += read;
      if (length > maxBytes) throw new HostError('TOO_LARGE', path);
      if (length === buffer.length) {
        const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, maxBytes + 1));
        buffer.copy(larger);
        buffer = larger;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function readRange(realPath: string, path: string, { offset, bytes }: { offset: number; bytes: number }): Uint8Array {
  const fd = openSync(realPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile()) throw new HostError('NOT_A_FILE', path);
    const buffer = Buffer.allocUnsafe(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) {
      read = readSync(fd, buffer, length, bytes - length, offset + length);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function sortedNames(realPath: string, path: string): string[] {
  const names = readdirSync(realPath);
  if (names.length > maxEntries) throw new HostError('TOO_LARGE', path);
  return names.toSorted();
}

function fileStatus(stats: Stats): FileStatus {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  const { size, mtimeMs, mode, uid, gid } = stats;
  return { kind, sizeBytes: size, modifiedAtMs: mtimeMs, mode: mode & 0o7777, uid, gid };
}

async function fileSystemSize(mount: string, real: (path: string) => string): Promise<FileSystemSize | null> {
  // With a callback: node:fs/promises would cost every agent 1.5 MB.
  const { promise, resolve, reject } = Promise.withResolvers<StatsFs>();
  const timer = setTimeout(() => reject(new HostError('IO', mount)), statFileSystemMs);
  try {
    statfs(real(mount), (error, found) => (error ? reject(error) : resolve(found)));
    const stats = await promise;
    return {
      sizeBytes: stats.bsize * stats.blocks,
      availableBytes: stats.bsize * stats.bavail,
      freeBytes: stats.bsize * stats.bfree,
    };
  } catch (error) {
    return absentOrThrow(mount, error, []);
  } finally {
    clearTimeout(timer);
  }
}

function networkAddresses(): NetworkAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, addresses]) =>
    (addresses ?? []).flatMap(({ family, cidr }) => (cidr === null ? [] : [{ interfaceName, family, cidr }])),
  );
}

function attempt<T>(path: string, read: () => T, absentCodes: readonly string[] = []): T | null {
  try {
    return read();
  } catch (error) {
    return absentOrThrow(path, error, absentCodes);
  }
}

// ESRCH: the process behind a /proc file ended while it was read.
const absent: readonly string[] = ['ENOENT', 'ENOTDIR', 'ESRCH'];

function absentOrThrow(path: string, error: unknown, absentCodes: readonly string[]): null {
  if (error instanceof HostError) throw error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (absent.includes(code) || absentCodes.includes(code)) return null;
  throw new HostError(code === 'EACCES' || code === 'EPERM' ? 'DENIED' : 'IO', path, { cause: error });
}
