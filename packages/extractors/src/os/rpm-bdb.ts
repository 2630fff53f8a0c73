import { ExtractorError } from '../errors.ts';

/** Berkeley DB's hash access method, as its page layout (db_page.h) describes it. */
const hashMagic = 0x061561;
const pageHeaderBytes = 26;
const pageTypes = { hashUnsorted: 2, overflow: 7, hashMeta: 8, hash: 13 } as const;
const itemTypes = { keyData: 1, offPage: 3 } as const;
/** Headers of real packages stay below a few megabytes (kernels); rpm refuses above 256. */
const maxHeaderBytes = 64 * 1024 * 1024;

export function isBerkeleyHash(content: Uint8Array): boolean {
  return content.length >= 512 && content[25] === pageTypes.hashMeta && (hasMagic(content, true) || hasMagic(content, false));
}

function hasMagic(content: Uint8Array, littleEndian: boolean): boolean {
  return viewOf(content).getUint32(12, littleEndian) === hashMagic;
}

/**
 * Package headers of a `Packages` file: the values of all hash pages, in whatever order. rpm's key is the number of the package; under
 * number 0 it keeps a counter of four bytes, no header. Throws ExtractorError DAMAGED.
 */
export function* bdbHeaders(content: Uint8Array): Generator<Uint8Array> {
  const littleEndian = hasMagic(content, true);
  const view = viewOf(content);
  const pageBytes = view.getUint32(20, littleEndian);
  if (![512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageBytes) || content[24] !== 0) {
    throw new ExtractorError('DAMAGED', 'the Berkeley database has an impossible page size or is encrypted');
  }
  const file: Pages = { content, view, littleEndian, pageBytes };
  for (let page = pageBytes; page + pageBytes <= content.length; page += pageBytes) {
    const type = content[page + 25];
    if (type === pageTypes.hash || type === pageTypes.hashUnsorted) yield* valuesOf(file, page);
  }
}

interface Pages {
  readonly content: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly pageBytes: number;
}

/** Items of a page grow from its end; the index at its start holds their offsets, keys and values in turn. */
function* valuesOf(file: Pages, page: number): Generator<Uint8Array> {
  const { view, content, littleEndian, pageBytes } = file;
  const items = view.getUint16(page + 20, littleEndian);
  if (pageHeaderBytes + items * 2 > pageBytes) throw new ExtractorError('DAMAGED', 'a page of the Berkeley database is broken');
  const offsetOf = (item: number): number => view.getUint16(page + pageHeaderBytes + item * 2, littleEndian);
  for (let item = 1; item < items; item += 2) {
    const offset = offsetOf(item);
    if (offset + 12 > pageBytes && content[page + offset] === itemTypes.offPage) {
      throw new ExtractorError('DAMAGED', 'an item of the Berkeley database leaves its page');
    }
    if (content[page + offset] === itemTypes.offPage) {
      const first = view.getUint32(page + offset + 4, littleEndian);
      yield readOverflow(file, first, view.getUint32(page + offset + 8, littleEndian));
    } else if (content[page + offset] === itemTypes.keyData) {
      const value = content.subarray(page + offset + 1, page + offsetOf(item - 1));
      if (value.length > 4) yield value;
    }
  }
}

/** A value larger than a page: a chain of overflow pages, each with its count of bytes at 22 and the next page at 16. */
function readOverflow({ content, view, littleEndian, pageBytes }: Pages, first: number, length: number): Uint8Array {
  if (length > Math.min(maxHeaderBytes, content.length)) {
    throw new ExtractorError('DAMAGED', 'a value of the Berkeley database is longer than the file');
  }
  const value = new Uint8Array(length);
  let have = 0;
  for (let number = first; have < length;) {
    const page = number * pageBytes;
    if (number === 0 || page + pageBytes > content.length || content[page + 25] !== pageTypes.overflow) {
      throw new ExtractorError('DAMAGED', 'a chain of the Berkeley database leads nowhere');
    }
    const bytes = view.getUint16(page + 22, littleEndian);
    // A page without bytes would let a chain run in circles.
    if (bytes === 0 || bytes > pageBytes - pageHeaderBytes || have + bytes > length) {
      throw new ExtractorError('DAMAGED', 'a chain of the Berkeley database is broken');
    }
    value.set(content.subarray(page + pageHeaderBytes, page + pageHeaderBytes + bytes), have);
    have += bytes;
    number = view.getUint32(page + 16, littleEndian);
  }
  return value;
}

function viewOf(content: Uint8Array): DataView {
  return new DataView(content.buffer, content.byteOffset, content.byteLength);
}
