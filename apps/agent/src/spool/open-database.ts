import { getBuiltinModule } from 'node:process';
import { renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { describeError } from '../errors.ts';

interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Why it is not the file that was asked for; null when it is. */
  readonly problem: string | null;
}

/** How the database gets from the layout before to this one, and back. */
export interface Layout {
  readonly up: string;
  readonly down: string;
}

const tables = `
  create table if not exists owner (agent_id text not null) strict;
  create table if not exists acknowledged (
    collector text primary key, version integer not null, sequence integer not null, digest text not null,
    row_count integer not null, rows blob not null
  ) strict;
  create table if not exists outgoing (
    collector text primary key, version integer not null, sequence integer not null, digest text not null,
    row_count integer not null, rows blob not null, document blob
  ) strict;`;

/** Every layout there was. What is released is never edited: another one follows. */
const ownLayouts: readonly Layout[] = [{ up: tables, down: 'drop table outgoing; drop table acknowledged; drop table owner' }];
/** The newest layout that this agent knows: what it writes and, at the newest, reads. */
export const supportedState = ownLayouts.length;

/** Opens or makes the database; sets a damaged one aside, and goes into memory where the disk refuses. */
export function openDatabase(path: string, layouts = ownLayouts): OpenedDatabase {
  try {
    return { database: openSound(path, layouts), problem: null };
  } catch (error) {
    if (!isDiskProblem(error)) throw error;
    if (!isDamage(error)) return inMemory(error);
  }
  try {
    renameSync(path, `${path}.damaged`);
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    return { database: openSound(path, layouts), problem: null };
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

function openSound(path: string, layouts: readonly Layout[]): DatabaseSync {
  // Loaded when it is needed: other commands do without.
  const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
  const database = new Database(path, { timeout: 2000 });
  try {
    // Rows are read whole and rarely: a cache would only hold memory.
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -128; pragma mmap_size = 0');
    const check = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
    if (check !== 'ok') throw damaged('not a spool');
    carry(database, layouts);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Brings the database to the newest of `layouts`, forward or back, at once or not at all. Each layout leaves the way back from it in the
 * database itself: the version before it, to which an upgrade that failed returns, cannot know it. Nothing is lost either way.
 */
function carry(database: DatabaseSync, layouts: readonly Layout[]): void {
  const found = Number(database.prepare('pragma user_version').get()?.['user_version']);
  if (found === layouts.length) return;
  const steps: string[] = [];
  if (found > layouts.length) {
    const undo = new Map(readUndo(database));
    for (let layout = found; layout > layouts.length; layout -= 1) {
      const back = undo.get(layout);
      if (back === undefined) throw damaged('no way back from the layout of a newer agent');
      steps.push(back, `delete from undo where layout = ${layout}`);
    }
  }
  for (let layout = found; layout < layouts.length; layout += 1) {
    const { up, down } = layouts[layout] as Layout; // below the length
    steps.push(up);
    // The first layout has nothing before it, and no agent that knows less.
    if (layout > 0) steps.push(undoTable, `insert or replace into undo values (${layout + 1}, '${down.replaceAll("'", "''")}')`);
  }
  database.exec(`begin immediate; ${steps.map((step) => `${step};`).join(' ')} pragma user_version = ${layouts.length}; commit`);
}

const undoTable = 'create table if not exists undo (layout integer primary key, sql text not null) strict';

function readUndo(database: DatabaseSync): [number, string][] {
  const exists = database.prepare(`select 1 from sqlite_schema where name = 'undo'`).get();
  const rows = exists ? database.prepare('select layout, sql from undo').all() : [];
  return rows.map(({ layout, sql }) => [Number(layout), String(sql)]);
}

function damaged(why: string): Error {
  return Object.assign(new Error(why), { errcode: 11 });
}

function inMemory(error: unknown): OpenedDatabase {
  return { database: openSound(':memory:', ownLayouts), problem: `the spool is kept in memory only: ${describeError(error)}` };
}
