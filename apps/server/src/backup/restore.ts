import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import type { Kysely } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/index.ts';
import type { Database } from '../db/schema.ts';
import { BackupError } from './backup-error.ts';
import { type KeySource, takeBackupKey } from './backup-keys.ts';
import { type BackupHeader, type Frame, readFrames, type TableHead } from './frames.ts';
import { RestoredFiles } from './release-files.ts';
import { quoted, readTables } from './tables.ts';

export interface RestoreReport {
  readonly madeAt: string;
  readonly tables: number;
  readonly rows: number;
  /** Of the releases. */
  readonly files: number;
  /** Id of the key that opens its secrets and is not here. */
  readonly neededKey: string | null;
}

/**
 * Fills an empty database from a backup: the schema of its time first, then every row in one transaction, then the migrations that came
 * since. A backup that is damaged, or fails half way, leaves the database and the directory of releases as empty as they were. Throws
 * BackupError.
 */
export async function restore(
  { db, pool, releases, keys }: { db: Kysely<Database>; pool: Pool; releases: string; keys: KeySource },
  file: string,
  progress: (text: string) => void = () => undefined,
): Promise<RestoreReport> {
  const frames = readFrames(unpacked(file));
  const first = await frames.next();
  if (first.done === true || first.value.kind !== 'H')
    throw new BackupError('DAMAGED', 'the backup does not begin with its header');
  const { header } = first.value;
  const schema = migrationsOf(header);
  await requireEmpty(pool);
  await using files = new RestoredFiles(releases);
  const client = await pool.connect();
  try {
    await migrate(db, schema);
    await client.query('begin');
    await client.query('set local statement_timeout = 0');
    const counted = await restoreParts({ client, files }, frames, progress);
    await resetSequences(client);
    await client.query('commit');
    progress('bringing the schema up to this release');
    await migrate(db);
    const neededKey = header.key && takeBackupKey(header.key, keys);
    return { madeAt: header.madeAt, ...counted, files: await files.settle(), neededKey };
  } catch (error) {
    await client.query('rollback; drop schema public cascade; create schema public').catch(() => undefined); // the connection may have failed
    throw error;
  } finally {
    client.release();
  }
}

async function* unpacked(file: string): AsyncGenerator<Buffer> {
  try {
    const decompress = createZstdDecompress();
    pipeline(createReadStream(file), decompress, () => undefined); // an error of either comes out of the iteration
    yield* decompress as AsyncIterable<Buffer>; // no encoding is set
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) throw new BackupError('FILE', `${file} cannot be read: ${message}`, { cause: error });
    throw new BackupError('DAMAGED', `${file} is no whole backup: ${message}`, { cause: error });
  }
}

/** The migrations that the backup has seen, all of which this release must know. */
function migrationsOf(header: BackupHeader): typeof migrations {
  const unknown = header.migrations.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new BackupError(
      'NEWER',
      `a newer release of Vedette made this backup (${unknown.join(', ')}); restore it with that release`,
    );
  }
  return Object.fromEntries(Object.entries(migrations).filter(([name]) => header.migrations.includes(name)));
}

/** Anything that is there would be lost or mixed. */
async function requireEmpty(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ there: boolean }>(
    `select exists (select from pg_class where relnamespace = 'public'::regnamespace) as there`,
  );
  if (rows[0]?.there === true) {
    throw new BackupError(
      'NOT_EMPTY',
      'the database is not empty; restore into a new data directory (VEDETTE_DATA_DIR) or database',
    );
  }
}

async function restoreParts(
  { client, files }: { client: PoolClient; files: RestoredFiles },
  frames: AsyncGenerator<Frame>,
  progress: (text: string) => void,
): Promise<{ tables: number; rows: number }> {
  const known = new Map((await readTables(client)).map((table) => [table.name, table]));
  const counted = { tables: 0, rows: 0 };
  for await (const frame of frames) {
    if (frame.kind === 'Z') continue; // and then readFrames insists on the end
    if (frame.kind === 'F') {
      await files.write(frame.path, restoredBytes(frame.path, frames));
      continue;
    }
    if (frame.kind !== 'T') throw new BackupError('DAMAGED', 'the parts of the backup are out of order');
    progress(`table ${frame.table.name}`);
    await preparePartitions(client, frame.table, known.get(frame.table.name));
    const rows = await restoreRows(client, frame.table, frames);
    counted.tables += 1;
    counted.rows += rows;
  }
  return counted;
}

async function preparePartitions(client: PoolClient, table: TableHead, here: TableHead | undefined): Promise<void> {
  const missing = table.columns.filter((column) => here?.columns.includes(column) !== true);
  if (here === undefined || missing.length > 0) {
    throw new BackupError('DAMAGED', `the schema of that time has no ${[table.name, ...missing].join(', ')}`);
  }
  if (table.partitions.length === 0) return;
  // What the migrations made just now fits the time of the restore, not that of the backup.
  for (const { name } of here.partitions) await client.query(`drop table ${quoted(name)}`);
  for (const { name, bound } of table.partitions) {
    await client.query(`create table ${quoted(name)} partition of ${quoted(table.name)} ${bound}`);
  }
}

async function* restoredBytes(path: string, frames: AsyncGenerator<Frame>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for (;;) {
    const { value: frame, done } = await frames.next();
    if (done === true) throw new BackupError('DAMAGED', 'the backup was cut short');
    if (frame.kind === 'E' && frame.rows === bytes) return;
    if (frame.kind !== 'D') throw new BackupError('DAMAGED', `${path} is not whole in the backup`);
    bytes += frame.data.length;
    yield frame.data;
  }
}

async function restoreRows(client: PoolClient, table: TableHead, frames: AsyncGenerator<Frame>): Promise<number> {
  const into = client.query(copyFrom(`copy ${quoted(table.name)} (${table.columns.map(quoted).join(', ')}) from stdin`));
  let expected = -1;
  await pipelineDone(async function* () {
    for (;;) {
      const { value: frame, done } = await frames.next();
      if (done === true) throw new BackupError('DAMAGED', 'the backup was cut short');
      if (frame.kind === 'E') {
        expected = frame.rows;
        return;
      }
      if (frame.kind !== 'D') throw new BackupError('DAMAGED', 'the parts of the backup are out of order');
      yield frame.data;
    }
  }, into);
  // Some backups say 0 of a table whose rows PostgreSQL had not counted yet; the hash of the whole says that none is missing.
  if (expected !== 0 && into.rowCount !== expected)
    throw new BackupError('DAMAGED', `${table.name} has ${into.rowCount} rows instead of ${expected}`);
  return into.rowCount;
}

/** COPY sets identity columns by value; what comes next must come after. */
async function resetSequences(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select c.relname as table, a.attname as column, pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and a.attidentity <> '' and not c.relispartition`,
  );
  for (const { table, column, sequence } of rows) {
    await client.query(
      `select setval($1::regclass, max(${quoted(column)})) from ${quoted(table)} having max(${quoted(column)}) is not null`,
      [sequence],
    );
  }
}
