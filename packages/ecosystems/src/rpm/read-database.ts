import { EcosystemError } from '../errors.ts';
import { berkeleyHeaders, isBerkeleyHash } from './berkeley-db.ts';
import { readRpmHeader, type RpmPackage } from './header.ts';
import { isNdb, ndbHeaders } from './ndb.ts';
import type { RandomBytes } from './random-bytes.ts';
import { isSqlite, openSqlite } from './sqlite-pages.ts';
import { sqliteRows } from './sqlite-table.ts';

/** An entry of the database that cannot be read, by its place from 1. */
export interface RpmProblem {
  readonly entry: number;
  readonly reason: string;
}

/** Whether a file begins as one of rpm's databases does. */
export function isRpmDatabase(start: Uint8Array): boolean {
  return isNdb(start) || isBerkeleyHash(start) || isSqlite(start);
}

/**
 * Packages of `rpmdb.sqlite` (rpm 4.16 and later), `Packages.db` (ndb, SUSE) or `Packages` (Berkeley DB, rpm before 4.16), one after
 * the other: a database may be larger than the memory at hand. An entry that cannot be read is a problem, not the end of the others.
 * `log`: the write-ahead log beside an SQLite database. Throws EcosystemError DATABASE_UNKNOWN, DATABASE_DAMAGED.
 */
export function* readRpmDatabase(file: RandomBytes, log: RandomBytes | null = null): Generator<RpmPackage | RpmProblem> {
  let entry = 0;
  for (const header of rpmHeaders(file, log)) {
    entry += 1;
    try {
      const pkg = readRpmHeader(header);
      if (pkg) yield pkg;
    } catch (error) {
      if (!(error instanceof EcosystemError) || error.code !== 'DATABASE_DAMAGED') throw error;
      yield { entry, reason: error.message };
    }
  }
}

/** The headers of such a database, each valid until the next. Throws EcosystemError DATABASE_UNKNOWN, DATABASE_DAMAGED. */
export function* rpmHeaders(file: RandomBytes, log: RandomBytes | null = null): Generator<Uint8Array> {
  let bytes = 0;
  for (const header of headersOf(file, log)) {
    bytes += header.length;
    // A damaged database could name one long entry a million times.
    if (bytes > file.length + (log?.length ?? 0))
      throw new EcosystemError('DATABASE_DAMAGED', 'the package database has entries longer than itself');
    yield header;
  }
}

function headersOf(file: RandomBytes, log: RandomBytes | null): Iterable<Uint8Array> {
  const start = file.slice(0, 512);
  if (isNdb(start)) return ndbHeaders(file);
  if (isBerkeleyHash(start)) return berkeleyHeaders(file);
  if (isSqlite(start)) return sqliteHeaders(file, log);
  throw new EcosystemError('DATABASE_UNKNOWN', 'the file is no package database of rpm');
}

/** `CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)`: the key is the rowid and stands as null. */
function* sqliteHeaders(file: RandomBytes, log: RandomBytes | null): Generator<Uint8Array> {
  const rows = sqliteRows(openSqlite(file, log), 'Packages');
  if (rows === null) throw new EcosystemError('DATABASE_UNKNOWN', 'the SQLite database is no rpm database');
  for (const [, header] of rows) if (header instanceof Uint8Array) yield header;
}
