import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetFile } from '@tufjs/models';
import type { Updater } from 'tuf-js';
import { writeAtomically } from './atomic-file.ts';
import { ReleaseError } from './release-error.ts';

/**
 * Fetches metadata by its path below the base of some origin. Returns null for 404 and 403, which end the walk along root versions;
 * throws for whatever else goes wrong. It must not hand back more than `maxBytes`, and must give up on a source that stalls.
 */
export type FetchMetadata = (path: string, maxBytes: number) => Promise<Uint8Array | null>;

/** A file that signed metadata vouches for. */
export interface TrustedTarget {
  readonly name: string;
  /** Where it lies below the base of targets. */
  readonly path: string;
  readonly length: number;
  /** Lower-case hexadecimal by the algorithm's name; all of them must match. */
  readonly hashes: Readonly<Record<string, string>>;
  /** As signed, of unknown shape; see readCustom. */
  readonly custom: unknown;
}

export interface Expiry {
  readonly role: string;
  readonly version: number;
  readonly expiresAt: Date;
}

// A base that resolves nowhere: tuf-js makes addresses of it, of which we keep the path.
const base = 'https://origin.invalid/';
const staging = '.refresh-';
/** Order in which TUF 5.3–5.6 trusts roles; persisting in it leaves nothing newer than what vouches for it. */
const persistOrder = ['root.json', 'timestamp.json', 'snapshot.json', 'targets.json'];

/**
 * The metadata that a client trusts, in a directory of its own that holds at least `root.json`. tuf-js judges all of it; this adds what
 * it leaves to its caller: files appear whole or not at all, also when the power fails, and bytes come from whom the caller likes.
 * A newer timestamp or root that verified is kept even if the refresh fails later, as TUF wants against roll-back.
 */
export class TrustedMetadata implements AsyncDisposable {
  readonly #directory: string;
  readonly #work: string;
  readonly #updater: Updater;
  readonly #fetcher: Fetcher;

  private constructor(directory: string, work: string, fetcher: Fetcher, updater: Updater) {
    this.#directory = directory;
    this.#work = work;
    this.#fetcher = fetcher;
    this.#updater = updater;
  }

  /** Throws ReleaseError when there is no root that could be trusted. One process at a time may hold a directory. */
  static async open(directory: string, fetchMetadata: FetchMetadata): Promise<TrustedMetadata> {
    const names = await readdir(directory).catch((): string[] => []);
    // Left behind by a process that was killed.
    await Promise.all(
      names.filter((name) => name.startsWith(staging)).map((name) => rm(join(directory, name), { recursive: true, force: true })),
    );
    if (!names.includes('root.json')) throw new ReleaseError('METADATA_INVALID', `${directory} holds no trusted root.json`);
    // Loaded here, for most starts of programs that know of releases come without it.
    const { Updater } = await import('tuf-js');
    const work = await mkdtemp(join(directory, staging));
    try {
      const files = names.filter((name) => name.endsWith('.json'));
      await Promise.all(files.map((name) => copyFile(join(directory, name), join(work, name))));
      const fetcher = new Fetcher(fetchMetadata);
      return new TrustedMetadata(directory, work, fetcher, new Updater({ metadataDir: work, metadataBaseUrl: base, fetcher }));
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      throw asReleaseError(error);
    }
  }

  /** Follows root, timestamp, snapshot and targets to the newest version (TUF 5.3–5.6). Throws ReleaseError; call it once. */
  async refresh(): Promise<void> {
    await this.#judged(() => this.#updater.refresh());
  }

  /** What the most trusted role that may speak of `name` says; null when none names it. Refreshes if that was not done. */
  async find(name: string): Promise<TrustedTarget | null> {
    const file = await this.#judged(() => this.#updater.getTargetInfo(name));
    return file ? await this.#describe(file) : null;
  }

  /** Persisted metadata of a role as it was signed; null when the role has not been loaded. */
  async role(name: string): Promise<Record<string, unknown> | null> {
    try {
      const file = await readFile(join(this.#directory, `${encodeURIComponent(name)}.json`), 'utf8');
      return (JSON.parse(file) as { signed: Record<string, unknown> }).signed; // verified before it was written here
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** When each role of the persisted metadata expires, the earliest first. */
  async expiries(): Promise<readonly Expiry[]> {
    return readExpiries(this.#directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#work, { recursive: true, force: true });
  }

  async #judged<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw asReleaseError(error, this.#fetcher.failure);
    } finally {
      await this.#persist();
    }
  }

  async #persist(): Promise<void> {
    const names = await readdir(this.#work);
    const place = (name: string): number => (persistOrder.indexOf(name) + persistOrder.length + 1) % (persistOrder.length + 1);
    for (const name of names.toSorted((a, b) => place(a) - place(b))) {
      const bytes = await readFile(join(this.#work, name));
      const old = await readFile(join(this.#directory, name)).catch(() => null);
      if (!old?.equals(bytes)) await writeAtomically(join(this.#directory, name), bytes);
    }
  }

  async #describe(file: TargetFile): Promise<TrustedTarget> {
    const root = await this.role('root');
    const [prefix] = Object.values(file.hashes);
    const slash = file.path.lastIndexOf('/') + 1;
    const path =
      root?.['consistent_snapshot'] === true ? `${file.path.slice(0, slash)}${prefix}.${file.path.slice(slash)}` : file.path;
    return { name: file.path, path, length: file.length, hashes: file.hashes, custom: file.unrecognizedFields?.['custom'] };
  }
}

/** When each role that lies in a directory of trusted metadata expires, the earliest first; empty for what cannot be read. */
export async function readExpiries(directory: string): Promise<readonly Expiry[]> {
  const names = (await readdir(directory).catch((): string[] => [])).filter((name) => name.endsWith('.json'));
  const read = names.map(async (name): Promise<Expiry | null> => {
    const text = await readFile(join(directory, name), 'utf8');
    const { signed } = JSON.parse(text) as { signed: { expires: string; version: number } }; // verified before it was written here
    return {
      role: decodeURIComponent(name.slice(0, -'.json'.length)),
      version: signed.version,
      expiresAt: new Date(signed.expires),
    };
  });
  const found = (await Promise.all(read.map((one) => one.catch(() => null)))).flatMap((one) => one ?? []);
  return found.toSorted((a, b) => a.expiresAt.getTime() - b.expiresAt.getTime());
}

/** What tuf-js asks for, without its detour over the directory for temporary files. */
class Fetcher {
  failure: unknown = null;
  readonly #fetch: FetchMetadata;

  constructor(fetchMetadata: FetchMetadata) {
    this.#fetch = fetchMetadata;
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const bytes = await this.#fetch(url.slice(base.length), maxLength).catch((error: unknown) => {
      this.failure = error;
      throw error;
    });
    if (bytes === null) {
      const { DownloadHTTPError } = await import('tuf-js/dist/error.js');
      throw new DownloadHTTPError(`${url.slice(base.length)} is not there`, 404);
    }
    if (bytes.length > maxLength)
      throw new ReleaseError('METADATA_INVALID', `${url.slice(base.length)} is longer than ${maxLength} bytes`);
    return Buffer.from(bytes);
  }

  downloadFile(): Promise<never> {
    throw new Error('targets are fetched by the caller');
  }
}

/** tuf-js wraps some causes into text; the text is then all there is to tell them apart. */
function asReleaseError(error: unknown, fetchFailure: unknown = null): ReleaseError {
  if (error instanceof ReleaseError) return error;
  if (fetchFailure !== null) return new ReleaseError('METADATA_UNREACHABLE', reason(fetchFailure), { cause: fetchFailure });
  const message = reason(error);
  if (message.includes('is not there')) return new ReleaseError('METADATA_UNREACHABLE', message, { cause: error });
  if (message.includes('is expired')) return new ReleaseError('METADATA_EXPIRED', message, { cause: error });
  const isRollback = /less than current|version doesn't match|does not match snapshot|in new snapshot|Expected version/.test(
    message,
  );
  return new ReleaseError(isRollback ? 'METADATA_ROLLBACK' : 'METADATA_INVALID', message, { cause: error });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
