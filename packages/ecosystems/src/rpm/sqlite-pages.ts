import { EcosystemError } from '../errors.ts';
import { type RandomBytes, viewOf } from './random-bytes.ts';

/** First bytes of every SQLite file (SQLite "Database File Format", 1.3). */
const magic = 'SQLite format 3\0';
const walMagic = 0x377f0682;
const walHeadBytes = 32;
const frameHeadBytes = 24;

export function isSqlite(start: Uint8Array): boolean {
  return start.length >= 100 && new TextDecoder('latin1').decode(start.subarray(0, magic.length)) === magic;
}

/** Pages of a database as its last committed transaction left them. */
export interface SqlitePages {
  /** Bytes of a page that hold something; the rest is reserved for extensions. */
  readonly usableBytes: number;
  readonly count: number;
  /** Page by its number from 1; valid until the next call. Throws EcosystemError DATABASE_DAMAGED for a number that is none. */
  readonly page: (number: number) => Uint8Array;
}

/** Opens a database together with its write-ahead log, which holds newer versions of pages. Throws EcosystemError. */
export function openSqlite(file: RandomBytes, log: RandomBytes | null): SqlitePages {
  const head = file.slice(0, 100);
  if (!isSqlite(head)) throw new EcosystemError('DATABASE_UNKNOWN', 'the file is no SQLite database');
  const view = viewOf(head);
  const stated = view.getUint16(16);
  const pageBytes = stated === 1 ? 65_536 : stated;
  if (pageBytes < 512 || (pageBytes & (pageBytes - 1)) !== 0) throw damaged('a page size that SQLite does not have');
  const usableBytes = pageBytes - view.getUint8(20);
  // 1.3.4: "The usable size is not allowed to be less than 480."
  if (usableBytes < 480) throw damaged('pages without room');
  const newer = log === null ? { frames: new Map<number, number>(), count: 0 } : committedFrames(log, pageBytes);
  const count = newer.count || Math.floor(file.length / pageBytes);
  return {
    usableBytes,
    count,
    page: (number) => {
      if (!Number.isInteger(number) || number < 1 || number > count) throw damaged('a page number that leads nowhere');
      const frame = newer.frames.get(number);
      const page =
        log !== null && frame !== undefined
          ? log.slice(frame, frame + pageBytes)
          : file.slice((number - 1) * pageBytes, number * pageBytes);
      if (page.length !== pageBytes) throw damaged('a page that is cut');
      return page;
    },
  };
}

/**
 * Where the newest committed version of each page lies in a write-ahead log (4.1 to 4.4): a frame counts when its salts are those of the
 * header and the running checksum holds, and only up to the last frame that ends a transaction.
 */
function committedFrames(log: RandomBytes, pageBytes: number): { frames: Map<number, number>; count: number } {
  const committed = { frames: new Map<number, number>(), count: 0 };
  if (log.length < walHeadBytes) return committed;
  const head = log.slice(0, walHeadBytes).slice();
  const view = viewOf(head);
  const first = view.getUint32(0);
  if ((first & ~1) !== walMagic || view.getUint32(8) !== pageBytes) return committed;
  const sum = new Checksum((first & 1) === 0);
  sum.add(head.subarray(0, 24));
  if (!sum.is(view.getUint32(24), view.getUint32(28))) return committed;
  const pending = new Map<number, number>();
  for (let at = walHeadBytes; at + frameHeadBytes + pageBytes <= log.length; at += frameHeadBytes + pageBytes) {
    const frame = log.slice(at, at + frameHeadBytes + pageBytes);
    const of = viewOf(frame);
    if (of.getUint32(8) !== view.getUint32(16) || of.getUint32(12) !== view.getUint32(20)) break;
    sum.add(frame.subarray(0, 8));
    sum.add(frame.subarray(frameHeadBytes));
    if (!sum.is(of.getUint32(16), of.getUint32(20))) break;
    pending.set(of.getUint32(0), at + frameHeadBytes);
    const size = of.getUint32(4);
    if (size === 0) continue;
    for (const [number, place] of pending) committed.frames.set(number, place);
    committed.count = size;
    pending.clear();
  }
  return committed;
}

/** 4.2: two sums over pairs of 32-bit words, in the byte order that the log's first word tells. */
class Checksum {
  readonly #littleEndian: boolean;
  #a = 0;
  #b = 0;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  add(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      this.#a = (this.#a + view.getUint32(at, this.#littleEndian) + this.#b) >>> 0;
      this.#b = (this.#b + view.getUint32(at + 4, this.#littleEndian) + this.#a) >>> 0;
    }
  }

  is(a: number, b: number): boolean {
    return this.#a === a && this.#b === b;
  }
}

export function damaged(what: string): EcosystemError {
  return new EcosystemError('DATABASE_DAMAGED', `the SQLite database has ${what}`);
}
