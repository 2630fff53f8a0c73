import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { productVersion } from '../version.ts';
import { BackupError } from './backup-error.ts';
import { type KeySource, keyForBackup } from './backup-keys.ts';
import { type BackupHeader, FrameWriter } from './frames.ts';
import { releaseFiles } from './release-files.ts';
import { quoted, readMigrations, readTables } from './tables.ts';

export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  /** Of the releases. */
  readonly files: number;
  /** Id of the key that opens its secrets and is not in it; null where it is, or nothing is sealed. */
  readonly neededKey: string | null;
}

interface BackupInput {
  readonly pool: Pool;
  /** Directory of releases; need not be there. */
  readonly releases: string;
  readonly keys: KeySource;
}

/**
 * Writes everything the platform knows, as of one moment, and the releases, to `file`, while the platform goes on. It holds secrets (the platform's key,
 * hashes of passwords, the key that opens the secrets of channels unless that was handed in) and is readable by its owner alone. It appears under its name when it is whole. Throws BackupError FILE.
 */
export async function backUp(
  { pool, releases, keys }: BackupInput,
  file: string,
  progress: (text: string) => void = () => undefined,
): Promise<BackupReport> {
  const half = `${file}.part`;
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local statement_timeout = 0');
    const key = await keyForBackup(client, keys);
    const counted = { rows: 0, tables: 0, files: 0 };
    const compress = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    await rm(half, { force: true });
    await pipeline(
      Readable.from(backupBytes({ client, releases, key }, counted, progress)),
      compress,
      createWriteStream(half, { mode: 0o600, flags: 'wx', flush: true }),
    ).catch((error: NodeJS.ErrnoException) => {
      if (error.syscall === undefined) throw error;
      throw new BackupError('FILE', `${half} cannot be written: ${error.message}`, { cause: error });
    });
    await rename(half, file);
    await syncDirectory(dirname(file));
    await client.query('commit');
    return { file, bytes: compress.bytesWritten, ...counted, neededKey: key?.key === undefined ? (key?.id ?? null) : null };
  } catch (error) {
    await rm(half, { force: true });
    await client.query('rollback').catch(() => undefined); // the connection may be what failed
    throw error;
  } finally {
    client.release();
  }
}

async function* backupBytes(
  { client, releases, key }: { client: PoolClient; releases: string; key: BackupHeader['key'] },
  counted: { rows: number; tables: number; files: number },
  progress: (text: string) => void,
): AsyncGenerator<Buffer> {
  const writer = new FrameWriter();
  const header: BackupHeader = {
    format: 1,
    product: productVersion,
    madeAt: new Date().toISOString(),
    migrations: await readMigrations(client),
    key,
  };
  yield writer.json('H', header);
  for (const table of await readTables(client)) {
    progress(`table ${table.name}`);
    yield writer.json('T', table);
    const columns = table.columns.map(quoted).join(', ');
    // A query, because COPY of a partitioned table would copy nothing.
    const stream = client.query(copyTo(`copy (select ${columns} from ${quoted(table.name)}) to stdout`));
    for await (const chunk of stream) yield writer.data('D', chunk as Buffer); // pg-copy-streams gives Buffers
    // The bytes may end before PostgreSQL has said how many rows these were; what is asked next is answered after that.
    await client.query('select');
    const rows = stream.rowCount;
    yield writer.json('E', { rows });
    counted.rows += rows;
    counted.tables += 1;
  }
  progress('releases');
  for await (const { path, chunks } of releaseFiles(releases)) {
    yield writer.json('F', { path });
    let rows = 0;
    for await (const chunk of chunks) {
      rows += chunk.length;
      yield writer.data('D', chunk);
    }
    yield writer.json('E', { rows });
    counted.files += 1;
  }
  yield writer.end();
}

/** A rename is durable once its directory is (rename(2), fsync(2)). */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
