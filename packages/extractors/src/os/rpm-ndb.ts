import { ExtractorError } from '../errors.ts';

/** Little-endian words of rpm's ndb format (lib/backend/ndb/rpmpkg.c). */
const magic = { file: 0x506d7052, slot: 0x746f6c53, blob: 0x53626c42 } as const;
const slotBytes = 16;
const pageBytes = 4096;
const blockBytes = 16;
const blobHeadBytes = 16;
/** The file header takes the place of the first two slots. */
const firstSlot = 32;

export function isNdb(content: Uint8Array): boolean {
  return content.length >= firstSlot && viewOf(content).getUint32(0, true) === magic.file;
}

/**
 * Package headers of an ndb database: pages of slots (magic, package number, offset and count of 16-byte blocks) at the front,
 * blobs behind. A slot with package number 0 is free. Throws ExtractorError DAMAGED.
 */
export function* ndbHeaders(content: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(content);
  if (view.getUint32(4, true) !== 0) throw new ExtractorError('NOT_THIS_FORMAT', 'an ndb database of an unknown version');
  const slotsEnd = view.getUint32(12, true) * pageBytes;
  if (slotsEnd > content.length) throw new ExtractorError('DAMAGED', 'the ndb database is cut');
  for (let slot = firstSlot; slot < slotsEnd; slot += slotBytes) {
    if (view.getUint32(slot, true) !== magic.slot) throw new ExtractorError('DAMAGED', 'the ndb database has a broken slot');
    const number = view.getUint32(slot + 4, true);
    if (number === 0) continue;
    const blob = view.getUint32(slot + 8, true) * blockBytes;
    if (blob + blobHeadBytes > content.length || view.getUint32(blob, true) !== magic.blob) {
      throw new ExtractorError('DAMAGED', 'the ndb database has a slot without a blob');
    }
    const length = view.getUint32(blob + 12, true);
    const start = blob + blobHeadBytes;
    if (view.getUint32(blob + 4, true) !== number || start + length > content.length) {
      throw new ExtractorError('DAMAGED', 'the ndb database has a broken blob');
    }
    yield content.subarray(start, start + length);
  }
}

function viewOf(content: Uint8Array): DataView {
  return new DataView(content.buffer, content.byteOffset, content.byteLength);
}
