import { EcosystemError } from '../errors.ts';
import { type RandomBytes, viewOf } from './random-bytes.ts';

/** Little-endian words of rpm's ndb format (lib/backend/ndb/rpmpkg.c). */
const magic = { file: 0x506d7052, slot: 0x746f6c53, blob: 0x53626c42 } as const;
const slotBytes = 16;
const pageBytes = 4096;
const blockBytes = 16;
const blobHeadBytes = 16;
/** The file header takes the place of the first two slots. */
const firstSlot = 32;

/** Headers of real packages stay below a few megabytes (kernels); rpm refuses above 256. */
const maxHeaderBytes = 64 * 1024 * 1024;

export function isNdb(content: Uint8Array): boolean {
  return content.length >= firstSlot && viewOf(content).getUint32(0, true) === magic.file;
}

/**
 * Package headers of an ndb database: pages of slots (magic, package number, offset and count of 16-byte blocks) at the front,
 * blobs behind. A slot with package number 0 is free. Throws EcosystemError DATABASE_DAMAGED, DATABASE_UNKNOWN.
 */
export function* ndbHeaders(file: RandomBytes): Generator<Uint8Array> {
  const head = viewOf(file.slice(0, firstSlot));
  if (head.getUint32(4, true) !== 0) throw new EcosystemError('DATABASE_UNKNOWN', 'an ndb database of an unknown version');
  const slotsEnd = head.getUint32(12, true) * pageBytes;
  if (slotsEnd > file.length) throw new EcosystemError('DATABASE_DAMAGED', 'the ndb database is cut');
  for (let slot = firstSlot; slot < slotsEnd; slot += slotBytes) {
    const entry = viewOf(file.slice(slot, slot + slotBytes));
    if (entry.getUint32(0, true) !== magic.slot)
      throw new EcosystemError('DATABASE_DAMAGED', 'the ndb database has a broken slot');
    const number = entry.getUint32(4, true);
    if (number !== 0) yield readBlob(file, { number, offset: entry.getUint32(8, true) * blockBytes });
  }
}

function readBlob(file: RandomBytes, { number, offset }: { number: number; offset: number }): Uint8Array {
  if (offset + blobHeadBytes > file.length)
    throw new EcosystemError('DATABASE_DAMAGED', 'the ndb database has a slot without a blob');
  const head = viewOf(file.slice(offset, offset + blobHeadBytes));
  const length = head.getUint32(12, true);
  const start = offset + blobHeadBytes;
  const isBlob = head.getUint32(0, true) === magic.blob && head.getUint32(4, true) === number;
  if (!isBlob || length > maxHeaderBytes || start + length > file.length) {
    throw new EcosystemError('DATABASE_DAMAGED', 'the ndb database has a broken blob');
  }
  return file.slice(start, start + length);
}
