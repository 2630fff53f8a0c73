import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { fromColumns, toColumns, type FactRow } from '@vedette/protocol';

const maxTextBytes = 64 * 1024 * 1024;
/** The checksum tells a damaged value from a whole one. */
const compression = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

export function packText(text: string): Uint8Array {
  return zstdCompressSync(text, compression);
}

/** Throws for anything but what `packText` made. */
export function unpackText(packed: unknown): string {
  if (!(packed instanceof Uint8Array)) throw new TypeError('no packed text');
  return zstdDecompressSync(packed, { maxOutputLength: maxTextBytes }).toString('utf8');
}

export function packRows(rows: readonly FactRow[]): Uint8Array {
  return packText(JSON.stringify(toColumns(rows)));
}

export function unpackRows(packed: unknown): FactRow[] {
  return fromColumns(JSON.parse(unpackText(packed)) as Parameters<typeof fromColumns>[0]); // our own; fromColumns checks the rows
}
