import { createHash, type Hash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

/** What keeps an object from being handed out: not there, not what its name says, or not to be had now. */
export type DownloadErrorCode = 'MISSING' | 'ALTERED' | 'TOO_LARGE' | 'UNAVAILABLE';

export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly code: DownloadErrorCode;
  /** For how long the platform asked to be left alone. */
  readonly retryAfterSeconds: number;
  constructor(code: DownloadErrorCode, message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options?.retryAfterSeconds ?? 0;
  }
}

export interface Fetched {
  /** Of the whole object. */
  readonly length: number;
  /** Of the bytes that come; 0 for somebody who does not know ranges. */
  readonly from: number;
  readonly body: AsyncIterable<Buffer>;
}

export interface DownloadParts {
  readonly path: string;
  readonly sha256: string;
  /** Where it is written to. */
  readonly file: string;
  readonly maxObjectBytes: number;
  /** Bytes of an object from one on. Throws DownloadError. */
  readonly fetch: (path: string, from: number) => Promise<Fetched>;
}

/** Not handed out before the whole was held against its hash: nobody gets a small altered object, and nobody a large one whole. */
const heldBackBytes = 1024 * 1024;
const chunkBytes = 256 * 1024;
/** How often it goes on where the connection broke, without a byte in between. */
const mostBreaks = 3;

/** One object on its way from the platform to the disk, which many may read already. */
export class Download {
  readonly length: number;
  /** Rejects with DownloadError when the object is not to be kept. */
  readonly finished: Promise<void>;
  readonly #parts: DownloadParts;
  #file: string;
  #received = 0;
  #isDone = false;
  #failure: Error | null = null;
  #progress = Promise.withResolvers<void>();

  private constructor(parts: DownloadParts, first: Fetched, handle: FileHandle) {
    this.#parts = parts;
    this.#file = parts.file;
    this.length = first.length;
    this.finished = this.#run(first, handle);
    // Whoever reads hears of it there.
    this.finished.catch(() => undefined);
  }

  /** Resolves when the length is known. Throws DownloadError. */
  static async begin(parts: DownloadParts): Promise<Download> {
    const first = await parts.fetch(parts.path, 0);
    if (first.length > parts.maxObjectBytes)
      throw new DownloadError('TOO_LARGE', `${parts.path} has ${first.length} bytes, more than ${parts.maxObjectBytes}`);
    await rm(parts.file, { force: true });
    return new Download(parts, first, await open(parts.file, 'wx', 0o600));
  }

  /** Moves the finished file; who reads it notices nothing. */
  moveTo(path: string): void {
    renameSync(this.#file, path);
    this.#file = path;
  }

  async *read(first: number, last: number): AsyncGenerator<Buffer> {
    await using file = await open(this.#file, 'r');
    for (let at = first; at <= last;) {
      const end = Math.min(await this.#certain(at), last + 1, at + chunkBytes);
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - at), 0, end - at, at);
      if (bytesRead === 0) throw new DownloadError('UNAVAILABLE', `${this.#parts.path} ends too early`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** The end of what may be handed out, as soon as it lies beyond `at`. */
  async #certain(at: number): Promise<number> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const end = this.#isDone ? this.length : this.#received - heldBackBytes;
      if (end > at) return end;
      await this.#progress.promise;
    }
  }

  async #run(first: Fetched, handle: FileHandle): Promise<void> {
    try {
      await using file = handle;
      const sum = createHash('sha256');
      await this.#receive(first, file, sum);
      if (sum.digest('hex') !== this.#parts.sha256)
        throw new DownloadError('ALTERED', `${this.#parts.path} does not have the hash of its name`);
      await file.sync();
      this.#isDone = true;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw this.#failure;
    } finally {
      this.#progress.resolve();
    }
  }

  /** Goes on at the byte where a connection broke. */
  async #receive(first: Fetched, file: FileHandle, sum: Hash): Promise<void> {
    let source = first;
    for (let breaks = 0; ;) {
      const before = this.#received;
      try {
        await this.#write(source, file, sum);
        return;
      } catch (error) {
        if (error instanceof DownloadError) throw error;
        breaks = this.#received > before ? 0 : breaks + 1;
        if (breaks >= mostBreaks) throw error;
      }
      source = await this.#parts.fetch(this.#parts.path, this.#received);
    }
  }

  async #write({ length, from, body }: Fetched, file: FileHandle, sum: Hash): Promise<void> {
    if (length !== this.length || from > this.#received)
      throw new DownloadError('ALTERED', `${this.#parts.path} is not what it was`);
    let skip = this.#received - from;
    for await (const received of body) {
      const chunk = received.subarray(Math.min(skip, received.length));
      skip -= received.length - chunk.length;
      if (this.#received + chunk.length > this.length)
        throw new DownloadError('ALTERED', `${this.#parts.path} has more bytes than it said`);
      sum.update(chunk);
      await file.writeFile(chunk);
      this.#received += chunk.length;
      this.#progress.resolve();
      this.#progress = Promise.withResolvers();
    }
    if (this.#received < this.length) throw new Error(`${this.#parts.path} broke off`);
  }
}
