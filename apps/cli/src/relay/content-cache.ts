import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { targetSha256 } from '@vedette/protocol';
import { Download, type DownloadParts } from './download.ts';

/** Something that can be handed out, whole or from any byte on. */
export interface Content {
  readonly length: number;
  /** Bytes from `first` to `last`, as they become certain. */
  read(first: number, last: number): AsyncIterable<Buffer>;
}

export interface ContentCacheOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly fetch: DownloadParts['fetch'];
  /** What is longer is not fetched. */
  readonly maxObjectBytes: number;
}

interface Entry {
  bytes: number;
  /** Held against its hash since this process runs: a disk may have changed it, or a power cut. */
  isChecked: boolean;
  touchedAt: number;
}

const touchEveryMs = 10 * 60_000;
const chunkBytes = 256 * 1024;

/**
 * Targets on disk, by their hash. Each is fetched once, however many ask; only what has the hash of its name is kept or handed out as a
 * whole. What was not asked for longest goes when there is no room.
 */
export class ContentCache {
  readonly #options: ContentCacheOptions;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #downloads = new Map<string, Promise<Download>>();
  readonly #checks = new Map<string, Promise<boolean>>();
  #bytes = 0;
  #hits = 0;
  #fetches = 0;

  /** Reads what is there; files of another kind in the directory are removed. */
  constructor(options: ContentCacheOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const found = readdirSync(options.directory, { recursive: true, withFileTypes: true }).flatMap((file) => {
      if (!file.isFile()) return [];
      const path = join(file.parentPath, file.name);
      if (/^[0-9a-f]{64}$/.test(file.name) && path === this.#path(file.name)) return [{ sha256: file.name, ...sizeOf(path) }];
      rmSync(path, { force: true });
      return [];
    });
    for (const { sha256, bytes, usedAt } of found.toSorted((a, b) => a.usedAt - b.usedAt)) {
      this.#entries.set(sha256, { bytes, isChecked: false, touchedAt: usedAt });
      this.#bytes += bytes;
    }
  }

  get state() {
    const { maxBytes } = this.#options;
    return { objects: this.#entries.size, bytes: this.#bytes, maxBytes, hits: this.#hits, fetches: this.#fetches };
  }

  /** Content of a path of kind `target`, and whether it was here. Throws what `fetch` throws, and DownloadError. */
  async open(path: string): Promise<{ content: Content; isHit: boolean }> {
    const sha256 = targetSha256(path);
    const running = this.#downloads.get(sha256);
    if (running) return { content: await running, isHit: false };
    if (this.#entries.has(sha256)) {
      const content = await this.#stored(sha256);
      if (content) {
        this.#hits += 1;
        return { content, isHit: true };
      }
    }
    const again = this.#downloads.get(sha256);
    return { content: await (again ?? this.#download(path, sha256)), isHit: false };
  }

  async #stored(sha256: string): Promise<Content | null> {
    const path = this.#path(sha256);
    const entry = this.#entries.get(sha256);
    if (!entry) return null;
    if (!entry.isChecked && !(await this.#isIntact(sha256))) {
      await this.#drop(sha256);
      return null;
    }
    entry.isChecked = true;
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
    const now = Date.now();
    if (now - entry.touchedAt > touchEveryMs) {
      entry.touchedAt = now;
      await utimes(path, now / 1000, now / 1000).catch(() => undefined);
    }
    const read = (start: number, end: number): AsyncIterable<Buffer> =>
      createReadStream(path, { start, end, highWaterMark: chunkBytes });
    return { length: entry.bytes, read };
  }

  /** Once for all who ask at one moment. */
  async #isIntact(sha256: string): Promise<boolean> {
    const check = this.#checks.get(sha256) ?? hashOf(this.#path(sha256)).then((found) => found === sha256);
    this.#checks.set(sha256, check);
    return check.finally(() => this.#checks.delete(sha256));
  }

  #download(path: string, sha256: string): Promise<Download> {
    const { directory, fetch, maxObjectBytes } = this.#options;
    this.#fetches += 1;
    const file = join(directory, `${sha256}.part`);
    const begun = Download.begin({ path, sha256, file, fetch, maxObjectBytes });
    this.#downloads.set(sha256, begun);
    const forget = (): void => void this.#downloads.delete(sha256);
    begun.then(async (download) => {
      try {
        await download.finished;
        await this.#keep(sha256, download);
      } catch {
        await rm(file, { force: true });
      } finally {
        forget();
      }
    }, forget);
    return begun;
  }

  async #keep(sha256: string, download: Download): Promise<void> {
    const path = this.#path(sha256);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    download.moveTo(path);
    this.#entries.set(sha256, { bytes: download.length, isChecked: true, touchedAt: Date.now() });
    this.#bytes += download.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#options.maxBytes) return;
      await this.#drop(oldest);
    }
  }

  async #drop(sha256: string): Promise<void> {
    const entry = this.#entries.get(sha256);
    if (!entry) return;
    this.#entries.delete(sha256);
    this.#bytes -= entry.bytes;
    await rm(this.#path(sha256), { force: true });
  }

  #path(sha256: string): string {
    return join(this.#options.directory, sha256.slice(0, 2), sha256);
  }
}

function sizeOf(path: string): { bytes: number; usedAt: number } {
  const { size, mtimeMs } = statSync(path);
  return { bytes: size, usedAt: mtimeMs };
}

async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) sum.update(chunk as Buffer);
  } catch {
    return ''; // gone
  }
  return sum.digest('hex');
}
