import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExtractorError, extractRpmHeaders, type Extraction } from '@vedette/extractors';

/** First bytes of every SQLite file (SQLite "Database File Format"). */
const magic = 'SQLite format 3\0';
/** rpm's own ceiling for a header is as high; a longer blob is no header. */
const maxHeaderBytes = 256 * 1024 * 1024;

export function isSqlite(content: Uint8Array): boolean {
  return Buffer.from(content.buffer, content.byteOffset, Math.min(content.length, magic.length)).toString('latin1') === magic;
}

/** Packages of `rpmdb.sqlite` (rpm 4.16 and later). Throws ExtractorError NOT_THIS_FORMAT. */
export function extractRpmSqlite(content: Uint8Array, writeAheadLog: Uint8Array | null = null): Extraction {
  return withSqliteHeaders(content, writeAheadLog, extractRpmHeaders);
}

/**
 * Hands the headers of an rpm database to `use`. Works on a copy with its write-ahead log, because SQLite wants to write beside a
 * database that was not closed, and nothing is written into what is scanned. Throws ExtractorError NOT_THIS_FORMAT.
 */
export function withSqliteHeaders<Result>(
  content: Uint8Array,
  writeAheadLog: Uint8Array | null,
  use: (headers: Iterable<Uint8Array>) => Result,
): Result {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-rpmdb-'));
  try {
    const file = join(directory, 'rpmdb.sqlite');
    writeFileSync(file, content);
    if (writeAheadLog) writeFileSync(`${file}-wal`, writeAheadLog);
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    try {
      return use(headersOf(database));
    } finally {
      database.close();
    }
  } catch (cause) {
    if (cause instanceof ExtractorError) throw cause;
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no rpm database that SQLite can read', { cause });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function* headersOf(database: DatabaseSync): Generator<Uint8Array> {
  const rows = database.prepare('SELECT blob FROM Packages WHERE length(blob) <= ? ORDER BY hnum').iterate(maxHeaderBytes);
  for (const row of rows) {
    if (row['blob'] instanceof Uint8Array) yield row['blob'];
  }
}
