import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import type { TargetCustom } from '@vedette/protocol';
import { ReleaseError } from './release-error.ts';
import { TargetCheck } from './target-check.ts';

/** Window of a whole program or of content: what a decoder must hold at most, 8 MiB (RFC 8878 §3.1.1.1.2 recommends to support that). */
export const wholeWindowLog = 23;

/**
 * Unpacks the bytes of a target to the file that was signed, checking length and hash of the outcome while it streams. A delta needs
 * the bytes of the old file. Throws ReleaseError: `TARGET_CORRUPT` for what does not unpack, `TARGET_MISMATCH` for another file.
 */
export async function unpackTarget(
  input: Readable,
  output: Writable,
  { custom, old }: { readonly custom: TargetCustom; readonly old?: Uint8Array },
): Promise<void> {
  const check = new TargetCheck({ length: custom.unpacked.length, hashes: { sha256: custom.unpacked.sha256 } });
  async function* checked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      check.update(chunk);
      yield chunk;
    }
    check.finish();
  }
  try {
    if (custom.encoding === 'identity') await pipeline(input, checked, output);
    else await pipeline(input, decoder(custom, old), checked, output);
  } catch (error) {
    if (error instanceof ReleaseError || isSystemError(error)) throw error;
    throw new ReleaseError('TARGET_CORRUPT', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function decoder(custom: TargetCustom, old: Uint8Array | undefined) {
  if (custom.kind !== 'delta') return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: wholeWindowLog } });
  if (old === undefined) throw new ReleaseError('TARGET_CORRUPT', 'a delta needs the old file');
  return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: custom.windowLog }, dictionary: old });
}

/** A full disk or a missing file is no fault of the target. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
