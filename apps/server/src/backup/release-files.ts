import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { distributedKind } from '@vedette/protocol';
import { metadataFolder } from '@vedette/release';
import { BackupError } from './backup-error.ts';

export interface ReleaseFile {
  /** Below the directory of releases. */
  readonly path: string;
  readonly chunks: AsyncIterable<Buffer>;
}

const timestampPath = `${metadataFolder}timestamp.json`;

/**
 * What was released, as it is handed out; nothing else that lies there. The timestamp is read first and comes last: it is written last, so
 * that all it speaks of is there, also during a publication.
 */
export async function* releaseFiles(directory: string): AsyncGenerator<ReleaseFile> {
  const timestamp = await readFile(join(directory, timestampPath)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (timestamp === null) return;
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(directory.length).replace(/^\/+/, '');
    const kind = entry.isFile() ? distributedKind(`/${path}`) : null;
    if (kind === 'metadata' || kind === 'target')
      yield { path, chunks: createReadStream(join(directory, path)) as AsyncIterable<Buffer> }; // no encoding is set
  }
  yield { path: timestampPath, chunks: once(timestamp) };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Files that take their place all at once, when the backup has turned out to be whole. */
export class RestoredFiles implements AsyncDisposable {
  readonly #directory: string;
  readonly #half: string;
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#half = `${directory}.restoring`;
  }

  /** Throws BackupError NOT_EMPTY where releases are already. */
  async write(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
    if (this.#count === 0) await this.#begin();
    this.#count += 1;
    const file = join(this.#half, path);
    await mkdir(dirname(file), { recursive: true });
    await using handle = await open(file, 'wx', 0o644);
    for await (const chunk of chunks) await handle.write(chunk);
    await handle.sync();
  }

  /** Returns how many there are. */
  async settle(): Promise<number> {
    if (this.#count > 0) await rename(this.#half, this.#directory);
    return this.#count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#count > 0) await rm(this.#half, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    const found = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    if (found.length > 0) {
      throw new BackupError(
        'NOT_EMPTY',
        `there are releases in ${this.#directory} already; name another directory (VEDETTE_RELEASES_DIR)`,
      );
    }
    await rm(this.#half, { recursive: true, force: true });
  }
}
