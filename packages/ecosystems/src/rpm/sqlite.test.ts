import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { EcosystemError } from '../errors.ts';
import { bytesInMemory } from './random-bytes.ts';
import { openSqlite } from './sqlite-pages.ts';
import { sqliteRows } from './sqlite-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'vedette-sqlite-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly id: number;
  readonly blob: Uint8Array;
}

/** A database with its log as they lie on disk while the writer has them open, and what SQLite itself reads of them. */
function write(name: string, pageBytes: number, lengths: readonly number[], journal = 'delete') {
  const path = join(folder, name);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA page_size=${pageBytes}; PRAGMA journal_mode=${journal}; PRAGMA wal_autocheckpoint=0;
    CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL); CREATE TABLE Other (a TEXT)`);
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
  lengths.forEach((length, index) => insert.run(Buffer.alloc(length, index + 1)));
  database.exec('DELETE FROM Packages WHERE hnum % 7 = 3');
  const expected = database.prepare('SELECT hnum AS id, blob FROM Packages ORDER BY hnum').all() as unknown as Row[];
  const file = readFileSync(path);
  const log = journal === 'wal' ? readFileSync(`${path}-wal`) : null;
  database.close();
  return { file, log, expected };
}

function read(file: Uint8Array, log: Uint8Array | null = null): string[] | null {
  const rows = sqliteRows(openSqlite(bytesInMemory(file), log && bytesInMemory(log)), 'Packages');
  return rows && [...rows].map(([, blob]) => (blob instanceof Uint8Array ? Buffer.from(blob).toString('hex') : ''));
}

const hex = (rows: readonly Row[]): string[] => rows.map(({ blob }) => Buffer.from(blob).toString('hex'));
const lengths = [
  0,
  1,
  100,
  470,
  480,
  490,
  1000,
  4040,
  4061,
  4062,
  5000,
  70_000,
  300_000,
  ...Array.from({ length: 400 }, (_, n) => n),
];

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

describe('an SQLite table', () => {
  it.each([512, 1024, 4096, 65_536])('reads as SQLite reads it, with pages of %i bytes', (pageBytes) => {
    const { file, expected } = write(`pages-${pageBytes}`, pageBytes, lengths);
    expect(expected.length).toBeGreaterThan(300);
    expect(read(file)).toEqual(hex(expected));
  });

  it('reads what stands only in the write-ahead log', () => {
    const { file, log, expected } = write('wal', 4096, lengths, 'wal');
    expect(read(file, log)).toEqual(hex(expected));
    expect(read(file)).not.toEqual(hex(expected));
  });

  it('takes the log up to the last whole transaction', () => {
    const path = join(folder, 'cut');
    const database = new DatabaseSync(path);
    database.exec(
      "PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY, blob BLOB)",
    );
    database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(Buffer.from('first'));
    const before = readFileSync(`${path}-wal`).length;
    database.exec('BEGIN');
    for (let n = 0; n < 50; n += 1) database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(Buffer.alloc(3000, n));
    database.exec('COMMIT');
    const log = readFileSync(`${path}-wal`);
    const file = readFileSync(path);
    database.close();
    const first = [Buffer.from('first').toString('hex')];
    expect(read(file, log.subarray(0, before))).toEqual(first);
    expect(read(file, log.subarray(0, log.length - 5000))).toEqual(first);
    const bent = Buffer.from(log);
    bent[before + 500] = (bent[before + 500] ?? 0) ^ 1;
    expect(read(file, bent)).toEqual(first);
    expect(read(file, log)).toHaveLength(51);
  });

  it('ignores the log of an earlier database, whose salts differ', () => {
    const { file, expected } = write('new', 4096, [1, 2, 3]);
    expect(read(file, Buffer.alloc(32 + 24 + 4096))).toEqual(hex(expected));
  });

  it('is null where the table is not there', () => {
    const { file } = write('other', 4096, []);
    expect(sqliteRows(openSqlite(bytesInMemory(file), null), 'Nothing')).toBeNull();
  });

  it('throws nothing but EcosystemError, and ends, for bent bytes', () => {
    const { file } = write('bent', 512, [10, 600, 2000, ...Array.from({ length: 60 }, (_, n) => n)]);
    const bend = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bend, fc.nat(file.length), fc.boolean(), (changes, cut, isCut) => {
        const bent = Buffer.from(isCut ? file.subarray(0, cut) : file);
        for (const [at, byte] of changes) if (at < bent.length) bent[at] = byte;
        expect(errorOf(() => read(bent)) ?? new EcosystemError('DATABASE_DAMAGED', '')).toBeInstanceOf(EcosystemError);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses a tree that leads back to itself', () => {
    const { file } = write('circle', 512, lengths);
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    for (let page = 512; page < file.length; page += 512) if (file[page] === 5) view.setUint32(page + 8, page / 512 + 1);
    expect(() => read(file)).toThrow('in circles');
  });
});
