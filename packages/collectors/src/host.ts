/** What a host can answer instead of a value. Absence is not an error: it is `null`. */
export type HostErrorCode = 'DENIED' | 'TOO_LARGE' | 'NOT_A_FILE' | 'IO';

export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  readonly path: string;
  constructor(code: HostErrorCode, path: string, options?: ErrorOptions) {
    super(`${path}: ${code}`, options);
    this.code = code;
    this.path = path;
  }
}

export interface ReadLimit {
  /** A longer file is refused with TOO_LARGE, never cut: half a database looks like a whole one. */
  readonly maxBytes: number;
}

export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'other';
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** Bits of chmod(2), without those of the kind. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileSystemSize {
  readonly sizeBytes: number;
  /** Free for an unprivileged user, as df(1) counts. */
  readonly availableBytes: number;
  /** Free for anybody, so that used = size − free. */
  readonly freeBytes: number;
}

export interface NetworkAddress {
  readonly interfaceName: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Address/prefix length. */
  readonly cidr: string;
}

/**
 * The machine as collectors see it: reading only. `@vedette/host` implements it; tests use the fake of `@vedette/testkit`.
 *
 * Files, links and directories are read synchronously: that costs half the CPU of promises and needs no threads. Whatever can hang
 * (a network file system that does not answer) is a promise with a time limit.
 *
 * Every read answers `null` for what is not there (or ceased to be while it was read, as processes do) and throws HostError
 * for the rest. Paths are absolute; symbolic links are followed.
 */
export interface Host {
  /** As Node names them: linux, win32, darwin. */
  readonly platform: string;
  /** As Node names them: x64, arm64 … */
  readonly architecture: string;
  /** Bytes of a regular file. Anything else at the path (FIFO, device, directory) is NOT_A_FILE and cannot block. */
  readFile(path: string, limit: ReadLimit): Uint8Array | null;
  /** The same as UTF-8; invalid bytes become U+FFFD. */
  readText(path: string, limit: ReadLimit): string | null;
  /** Part of a regular file, for one that is too large to be held: fewer than `bytes` from `offset` only behind its end. */
  readRange(path: string, range: { readonly offset: number; readonly bytes: number }): Uint8Array | null;
  /** Target of a symbolic link, as it is written in it; null also when the path is no link. */
  readLink(path: string): string | null;
  /** Names in a directory, sorted by code unit; null also when the path is no directory. */
  listDirectory(path: string): string[] | null;
  stat(path: string): FileStatus | null;
  statFileSystem(mount: string): Promise<FileSystemSize | null>;
  /**
   * The body, UTF-8, that a daemon answers to an HTTP GET on its local socket; null where there is no socket or nobody listens. Anything
   * but status 200 within two seconds is IO. Only for questions that change nothing.
   */
  askSocket(socket: string, path: string, limit: ReadLimit): Promise<string | null>;
  /** Addresses of the interfaces that are up. */
  networkAddresses(): NetworkAddress[];
  /** Lower-case hexadecimal SHA-256 of bytes, or of a text as UTF-8. */
  sha256(content: string | Uint8Array): string;
  /**
   * To be awaited between the pieces of longer work, each process of many, say: returns at once, or when the agent's budget allows to go on.
   */
  breathe(): Promise<void>;
}
