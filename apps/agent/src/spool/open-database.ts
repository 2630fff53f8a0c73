import { getBuiltinModule } from 'node:process';
import { renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { describeError } from '../errors.ts';

interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Why it is not the file that was asked for; null when it is. */
  readonly problem: string | null;
}

/** Of the layout below. A database of a newer agent is set aside: what is in it can be collected again. */
const layout = 1;
const tables = `
  create table if not exists owner (agent_id text not null) strict;
  create table if not exists acknowledged (
    collector text primary key, version integer not null, sequence integer not null, digest text not null,
    row_count integer not null, rows blob not null
  ) strict;
  create table if not exists outgoing (
    collector text primary key, version integer not null, sequence integer not null, digest text not null,
    row_count integer not null, rows blob not null, document blob
  ) strict;
  pragma user_version = ${layout};`;

/** Opens or makes the database; sets a damaged one aside, and goes into memory where the disk refuses. */
export function openDatabase(path: string): OpenedDatabase {
  try {
    return { database: openSound(path), problem: null };
  } catch (error) {
    if (!isDiskProblem(error)) throw error;
    if (!isDamage(error)) return inMemory(error);
  }
  try {
    renameSync(path, `${path}.damaged`);
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    return { database: openSound(path), problem: null };
  } catch (error) {
    return inMemory(error);
  }
}

/** Codes of sqlite.org/rescode.html that say something of the disk and nothing of our statements. */
const diskCodes = new Set([5, 8, 10, 11, 13, 14, 23, 26]);
const damageCodes = new Set([11, 26]);

/** Full, read-only, damaged or failing storage. */
export function isDiskProblem(error: unknown): error is Error {
  return diskCodes.has(primaryCode(error));
}

function isDamage(error: unknown): boolean {
  return damageCodes.has(primaryCode(error));
}

/** The lower byte of an extended result code; -1 for any other error. */
function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1;
}

function openSound(path: string): DatabaseSync {
  // Loaded when it is needed: other commands do without.
  const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
  const database = new Database(path, { timeout: 2000 });
  try {
    // Rows are read whole and rarely: a cache would only hold memory.
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -128; pragma mmap_size = 0');
    const version = Number(database.prepare('pragma user_version').get()?.['user_version']);
    const check = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
    if (check !== 'ok' || version > layout) throw Object.assign(new Error('not a spool of this agent'), { errcode: 11 });
    if (version < layout) database.exec(`begin immediate; ${tables} commit`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function inMemory(error: unknown): OpenedDatabase {
  return { database: openSound(':memory:'), problem: `the spool is kept in memory only: ${describeError(error)}` };
}
