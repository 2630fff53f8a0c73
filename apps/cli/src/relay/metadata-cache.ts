import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { DownloadError } from './download.ts';

/** As far as a relay looks into metadata: enough to keep a proxy's error page from being kept for ever in their place. */
const Metadata = z.object({ signed: z.object({ _type: z.string(), version: z.int() }) });

export interface CachedMetadata {
  readonly bytes: Buffer;
  /** Since it came from the platform. */
  readonly ageSeconds: number;
  /** `stale`: older than it should be, for the platform does not answer. */
  readonly state: 'hit' | 'miss' | 'stale';
}

export interface MetadataCacheOptions {
  readonly directory: string;
  /** The whole of what lies at a path. Throws DownloadError. */
  readonly fetch: (path: string) => Promise<Buffer>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const timestampMs = 15_000;
const missingMs = 10_000;
const mostMissing = 1000;
const mostFiles = 500;

/** Signed metadata on disk, by name. Those with a version never change; a timestamp is fetched again after a while, and kept while the platform is away. */
export class MetadataCache {
  readonly #options: MetadataCacheOptions;
  readonly #now: () => number;
  readonly #running = new Map<string, Promise<CachedMetadata>>();
  /** Until when a name is known not to be there: all agents ask for the root after the newest one. */
  readonly #missing = new Map<string, number>();

  constructor(options: MetadataCacheOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const files = readdirSync(options.directory).map((name) => join(options.directory, name));
    const byAge = files.map((file) => ({ file, at: statSync(file).mtimeMs })).toSorted((a, b) => b.at - a.at);
    for (const { file } of byAge.slice(mostFiles)) rmSync(file, { force: true });
  }

  /** What lies at a path of kind `timestamp` or `metadata`; one question for all who ask at one moment. Throws DownloadError. */
  async open(path: string): Promise<CachedMetadata> {
    const running = this.#running.get(path) ?? this.#open(path).finally(() => this.#running.delete(path));
    this.#running.set(path, running);
    return running;
  }

  async #open(path: string): Promise<CachedMetadata> {
    const kept = await this.#kept(path);
    const isTimestamp = path === '/tuf/timestamp.json';
    if (kept && (!isTimestamp || kept.ageSeconds * 1000 < timestampMs)) return kept;
    if ((this.#missing.get(path) ?? 0) > this.#now()) throw new DownloadError('MISSING', `${path} is not there`);
    try {
      return { bytes: await this.#fetch(path), ageSeconds: 0, state: 'miss' };
    } catch (error) {
      if (kept) return { ...kept, state: 'stale' };
      if (error instanceof DownloadError && error.code === 'MISSING') {
        if (this.#missing.size >= mostMissing) this.#missing.clear();
        this.#missing.set(path, this.#now() + missingMs);
      }
      throw error;
    }
  }

  async #fetch(path: string): Promise<Buffer> {
    const bytes = await this.#options.fetch(path);
    const name = basename(path);
    if (!isMetadata(name, bytes)) throw new DownloadError('ALTERED', `${path} is not metadata of that name`);
    const file = join(this.#options.directory, name);
    await writeFile(`${file}.new`, bytes, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
    return bytes;
  }

  /** Null when there is none, or a power cut left half of one. */
  async #kept(path: string): Promise<CachedMetadata | null> {
    const file = join(this.#options.directory, basename(path));
    try {
      const [bytes, { mtimeMs }] = await Promise.all([readFile(file), stat(file)]);
      if (!isMetadata(basename(path), bytes)) return null;
      return { bytes, ageSeconds: Math.max(0, (this.#now() - mtimeMs) / 1000), state: 'hit' };
    } catch {
      return null;
    }
  }
}

function isMetadata(name: string, bytes: Buffer): boolean {
  const [version = '', role = ''] = name.split('.');
  try {
    const { signed } = Metadata.parse(JSON.parse(bytes.toString('utf8')));
    if (name === 'timestamp.json') return signed._type === 'timestamp';
    // Delegated roles are of type `targets` (TUF 4.5).
    const type = role === 'content' || role === 'code' ? 'targets' : role;
    return signed._type === type && signed.version === Number(version);
  } catch {
    return false;
  }
}
