import { createHash } from 'node:crypto';
import { canonicalRow, type FactRow, rowKey } from '@vedette/protocol';

/** A row as received, with its key and the hash that the digest sums up. */
export interface KeyedRow {
  readonly key: string;
  readonly row: FactRow;
  readonly hash: Buffer;
}

/** What a document does to a collector's rows, after comparison with what was there. */
export interface RowChange {
  /** New rows and rows with new values. */
  readonly added: readonly KeyedRow[];
  /** Rows that are gone, or had other values before; `key` of those in `added` too. */
  readonly removed: readonly StoredRow[];
}

export interface StoredRow {
  readonly key: string;
  readonly hash: Buffer;
  /** Number of the package version, for what is kept as one. */
  readonly id?: number;
}

export function hashRow(row: FactRow): Buffer {
  return createHash('sha256').update(canonicalRow(row)).digest();
}

/** Characters of a key that are kept as they are. PostgreSQL indexes texts up to about 2,700 bytes. */
const keyChars = 512;

/**
 * Key under which a row is stored: its own, or for a long one its beginning and a hash. Anyone who can start a program from a deep
 * directory makes long keys; they must not keep a machine's documents from being stored.
 */
export function storedKey(row: FactRow, columns: readonly string[]): string {
  const key = rowKey(row, columns);
  if (key.length <= keyChars) return key;
  return `${key.slice(0, keyChars).toWellFormed()}#${createHash('sha256').update(key).digest('hex')}`;
}
