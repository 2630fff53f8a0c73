import type { FactRow, FactValue } from '../facts/fact.ts';

/** Hashes text with SHA-256; handed in, because this room sees no platform. */
export type Sha256 = (text: string) => Uint8Array;

const modulus = 1n << 256n;

/**
 * A row as text that both sides write alike: an array of [column, value] pairs sorted by column name (code-unit order), as JSON. Every
 * column counts, also one that only the sender knows.
 */
export function canonicalRow(row: FactRow): string {
  const names = Object.keys(row).sort();
  return JSON.stringify(names.map((name) => [name, row[name] as FactValue]));
}

/** Text that identifies a row inside its collector: its key columns' values, as JSON. Empty key: one constant. */
export function rowKey(row: FactRow, key: readonly string[]): string {
  return JSON.stringify(key.map((name) => row[name] ?? null));
}

export function rowHash(row: FactRow, sha256: Sha256): bigint {
  return toBigInt(sha256(canonicalRow(row)));
}

/**
 * The sum of row hashes modulo 2^256: the order does not matter, and adding or removing one row costs one addition.
 * Equal digests of honest parties prove equal rows; it is no defence against a sender that wants to collide with itself.
 */
export class RowSetDigest {
  #sum: bigint;

  constructor(hex = '0') {
    this.#sum = BigInt(`0x${hex}`);
  }

  add(hash: bigint): void {
    this.#sum = (this.#sum + hash) % modulus;
  }

  remove(hash: bigint): void {
    this.#sum = (this.#sum - hash + modulus) % modulus;
  }

  hex(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}
