import { createHash } from 'node:crypto';
import {
  HostError,
  type FileStatus,
  type FileSystemSize,
  type Host,
  type HostErrorCode,
  type NetworkAddress,
} from '@vedette/collectors';

/** What stands at a path: text or bytes of a file, a symbolic link, or a read that fails. */
export type FakeFile =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly error: HostErrorCode }
  | { readonly content: string; readonly mode: number; readonly uid?: number; readonly gid?: number };

export interface FakeHostOptions {
  readonly platform?: string;
  readonly architecture?: string;
  readonly addresses?: readonly NetworkAddress[];
  /** What daemons answer, by `SOCKET PATH`. */
  readonly sockets?: Readonly<Record<string, string>>;
  readonly fileSystems?: Readonly<Record<string, FileSystemSize>>;
}

/**
 * A host in memory: directories are those that the paths name, links with absolute targets are followed. `log` holds every path
 * that was read.
 */
export function fakeHost(
  files: Readonly<Record<string, FakeFile>>,
  options: FakeHostOptions = {},
): Host & { readonly log: string[] } {
  const entries = new Map(Object.entries(files));
  const log: string[] = [];
  const resolve = (path: string, depth = 0): string => {
    const entry = entries.get(path);
    if (depth > 40) throw new HostError('IO', path);
    return typeof entry === 'object' && 'link' in entry ? resolve(entry.link, depth + 1) : path;
  };
  const find = (path: string): string | Uint8Array | null => {
    log.push(path);
    const entry = entries.get(resolve(path));
    if (typeof entry === 'object' && 'error' in entry) throw new HostError(entry.error, path);
    if (typeof entry === 'object' && 'content' in entry) return entry.content;
    return typeof entry === 'string' || entry instanceof Uint8Array ? entry : null;
  };
  const names = (path: string): string[] => {
    const prefix = `${resolve(path)}/`;
    const inside = [...entries.keys()].filter((each) => each.startsWith(prefix));
    return [...new Set(inside.map((each) => each.slice(prefix.length).split('/', 1)[0] ?? ''))].toSorted();
  };
  const readFile: Host['readFile'] = (path, { maxBytes }) => {
    const content = find(path);
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    if (bytes !== null && bytes.length > maxBytes) throw new HostError('TOO_LARGE', path);
    return bytes;
  };
  return {
    log,
    platform: options.platform ?? 'linux',
    architecture: options.architecture ?? 'x64',
    readFile,
    readText: (path, limit) => {
      const bytes = readFile(path, limit);
      return bytes === null ? null : Buffer.from(bytes).toString('utf8');
    },
    readRange: (path, { offset, bytes }) => {
      const content = find(path);
      return content === null ? null : Buffer.from(content).subarray(offset, offset + bytes);
    },
    readLink: (path) => {
      log.push(path);
      const entry = entries.get(path);
      return typeof entry === 'object' && 'link' in entry ? entry.link : null;
    },
    listDirectory: (path) => {
      find(path);
      const inside = names(path);
      return inside.length === 0 ? null : inside;
    },
    stat: (path) => fakeStatus(find(path), names(path).length > 0, entries.get(resolve(path))),
    statFileSystem: (mount) => Promise.resolve(options.fileSystems?.[mount] ?? null),
    askSocket: (socket, path) => Promise.resolve(options.sockets?.[`${socket} ${path}`] ?? null),
    networkAddresses: () => [...(options.addresses ?? [])],
    sha256: (content) => createHash('sha256').update(content).digest('hex'),
    breathe: () => Promise.resolve(),
  };
}

/** Files are 0644 and directories 0755 of root where nothing else is said. A directory's own entry, where it has one, says its mode. */
function fakeStatus(content: string | Uint8Array | null, isDirectory: boolean, entry: FakeFile | undefined): FileStatus | null {
  const { mode = isDirectory ? 0o755 : 0o644, uid = 0, gid = 0 } = typeof entry === 'object' && 'content' in entry ? entry : {};
  const owned = { modifiedAtMs: 0, mode, uid, gid };
  if (isDirectory) return { kind: 'directory', sizeBytes: 0, ...owned };
  return content === null ? null : { kind: 'file', sizeBytes: content.length, ...owned };
}
