import { viewOf } from './random-bytes.ts';
import { damaged, type SqlitePages } from './sqlite-pages.ts';

/** A value of a record as far as it is needed: numbers, texts and blobs; null for the rest. */
type Value = number | string | Uint8Array | null;

const pageKinds = { interior: 5, leaf: 13 } as const;
/** SQLite's own trees are less than 10 deep at 2^31 rows. */
const maxDepth = 40;
/** Headers of real packages stay below a few megabytes (kernels); rpm refuses above 256. */
const maxPayloadBytes = 64 * 1024 * 1024;

/**
 * Values of the rows of one table, in order of rowid. Reads the file format itself (SQLite "Database File Format", 1.6 and 2): SQLite would want
 * to write beside a database that it opens, and to have all of it.
 * Throws EcosystemError DATABASE_DAMAGED; null where there is no such table.
 */
export function sqliteRows(pages: SqlitePages, table: string): Generator<readonly Value[]> | null {
  for (const [kind, name, , root] of rowsOf(pages, 1)) {
    if (kind === 'table' && name === table && typeof root === 'number') return rowsOf(pages, root);
  }
  return null;
}

function* rowsOf(pages: SqlitePages, root: number): Generator<readonly Value[]> {
  // Every page of a tree is in it once; a damaged one could lead in circles.
  const seen = new Set<number>();
  const pending = [{ number: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { number, depth } = next;
    if (seen.has(number) || depth > maxDepth) throw damaged('a tree that leads in circles');
    seen.add(number);
    // A copy: the payloads that are read meanwhile may take the place of the page.
    const page = pages.page(number).slice();
    const start = number === 1 ? 100 : 0;
    if (page[start] === pageKinds.leaf) yield* leafRows(pages, page, start);
    else if (page[start] === pageKinds.interior) {
      for (const child of childrenOf(page, start).toReversed()) pending.push({ number: child, depth: depth + 1 });
    } else throw damaged('a page that is none of a table');
  }
}

function cellOffsets(page: Uint8Array, start: number, pointers: number): number[] {
  const view = viewOf(page);
  const count = view.getUint16(start + 3);
  if (pointers + count * 2 > page.length) throw damaged('more cells than a page holds');
  return Array.from({ length: count }, (_, index) => view.getUint16(pointers + index * 2));
}

function childrenOf(page: Uint8Array, start: number): number[] {
  const view = viewOf(page);
  const cells = cellOffsets(page, start, start + 12);
  if (cells.some((at) => at + 4 > page.length)) throw damaged('a cell outside of its page');
  return [...cells.map((at) => view.getUint32(at)), view.getUint32(start + 8)];
}

function* leafRows(pages: SqlitePages, page: Uint8Array, start: number): Generator<readonly Value[]> {
  for (const at of cellOffsets(page, start, start + 8)) {
    const [length, afterLength] = varint(page, at);
    const payload = afterRowid(page, afterLength);
    yield recordOf(payloadOf(pages, page, { at: payload, length }));
  }
}

/** A payload, whose end may lie in a chain of overflow pages (1.6: "the amount of payload that spills"). */
function payloadOf(pages: SqlitePages, page: Uint8Array, { at, length }: { at: number; length: number }): Uint8Array {
  const { usableBytes } = pages;
  if (length > Math.min(maxPayloadBytes, pages.count * usableBytes)) throw damaged('a row that is longer than the file');
  const most = usableBytes - 35;
  const least = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usableBytes - 4));
  const local = length <= most ? length : fitting <= most ? fitting : least;
  if (at + local + (local < length ? 4 : 0) > page.length) throw damaged('a cell outside of its page');
  if (local === length) return page.subarray(at, at + length);
  const payload = new Uint8Array(length);
  payload.set(page.subarray(at, at + local));
  let next = viewOf(page).getUint32(at + local);
  for (let have = local; have < length;) {
    const overflow = pages.page(next);
    const part = overflow.subarray(4, Math.min(usableBytes, 4 + length - have));
    payload.set(part, have);
    have += part.length;
    next = viewOf(overflow).getUint32(0);
  }
  return payload;
}

/** 2.1: a header of types, then the values. */
function recordOf(payload: Uint8Array): Value[] {
  const [headBytes, first] = varint(payload, 0);
  if (headBytes > payload.length) throw damaged('a row whose head is longer than it');
  const values: Value[] = [];
  let at = headBytes;
  for (let head = first; head < headBytes;) {
    const [type, next] = varint(payload, head);
    head = next;
    const length = type >= 12 ? Math.floor((type - 12) / 2) : (integerBytes[type] ?? 0);
    if (at + length > payload.length) throw damaged('a value outside of its row');
    values.push(valueOf(type, payload.subarray(at, at + length)));
    at += length;
  }
  return values;
}

/** Lengths by type: null, integers of 1, 2, 3, 4, 6 and 8 bytes, a float; 8 and 9 are the numbers 0 and 1. */
const integerBytes = [0, 1, 2, 3, 4, 6, 8, 8];

function valueOf(type: number, bytes: Uint8Array): Value {
  if (type >= 12) return type % 2 === 0 ? bytes : new TextDecoder().decode(bytes);
  if (type === 8 || type === 9) return type - 8;
  // No number that is read here is negative or longer: package numbers and pages.
  if (type >= 1 && type <= 4) return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return null;
}

/** Behind the rowid, which may be larger than any number here and is not needed. */
function afterRowid(page: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index += 1) if ((page[at + index] ?? 0) < 0x80) return at + index + 1;
  return at + 9;
}

/** 1.6: up to nine bytes, the high bit of the first eight says that more follow. Larger than 2^53 is refused. */
function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) throw damaged('a number that is cut');
    value = index === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (index === 8 || byte < 0x80) return Number.isSafeInteger(value) ? [value, at + index + 1] : tooLarge();
  }
  return tooLarge();
}

function tooLarge(): never {
  throw damaged('a number that is too large');
}
