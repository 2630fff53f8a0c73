import { EcosystemError } from '../errors.ts';
import { type RandomBytes, viewOf } from './random-bytes.ts';

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
 * number 0 it keeps a counter of four bytes, no header. Throws EcosystemError DATABASE_DAMAGED.
 */
export function* berkeleyHeaders(file: RandomBytes): Generator<Uint8Array> {
  const head = file.slice(0, 512);
  const littleEndian = hasMagic(head, true);
  const pageBytes = viewOf(head).getUint32(20, littleEndian);
  if (![512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageBytes) || head[24] !== 0) {
    throw new EcosystemError('DATABASE_DAMAGED', 'the Berkeley database has an impossible page size or is encrypted');
  }
  const pages: Pages = { file, littleEndian, pageBytes };
  for (let page = pageBytes; page + pageBytes <= file.length; page += pageBytes) {
    const type = file.slice(page + 25, page + 26)[0];
    if (type === pageTypes.hash || type === pageTypes.hashUnsorted) yield* valuesOf(pages, page);
  }
}

interface Pages {
  readonly file: RandomBytes;
  readonly littleEndian: boolean;
  readonly pageBytes: number;
}

/** Items of a page grow from its end; the index at its start holds their offsets, keys and values in turn. */
function* valuesOf(pages: Pages, at: number): Generator<Uint8Array> {
  const { littleEndian, pageBytes } = pages;
  // A copy: what is read of overflow pages meanwhile may take the place of the slice.
  const page = pages.file.slice(at, at + pageBytes).slice();
  const view = viewOf(page);
  const items = view.getUint16(20, littleEndian);
  if (pageHeaderBytes + items * 2 > pageBytes)
    throw new EcosystemError('DATABASE_DAMAGED', 'a page of the Berkeley database is broken');
  const offsetOf = (item: number): number => view.getUint16(pageHeaderBytes + item * 2, littleEndian);
  for (let item = 1; item < items; item += 2) {
    const offset = offsetOf(item);
    if (page[offset] === itemTypes.offPage) {
      if (offset + 12 > pageBytes)
        throw new EcosystemError('DATABASE_DAMAGED', 'an item of the Berkeley database leaves its page');
      const first = view.getUint32(offset + 4, littleEndian);
      yield readOverflow(pages, first, view.getUint32(offset + 8, littleEndian));
    } else if (page[offset] === itemTypes.keyData) {
      const value = page.subarray(offset + 1, offsetOf(item - 1));
      if (value.length > 4) yield value;
    }
  }
}

/** A value larger than a page: a chain of overflow pages, each with its count of bytes at 22 and the next page at 16. */
function readOverflow({ file, littleEndian, pageBytes }: Pages, first: number, length: number): Uint8Array {
  if (length > Math.min(maxHeaderBytes, file.length)) {
    throw new EcosystemError('DATABASE_DAMAGED', 'a value of the Berkeley database is longer than the file');
  }
  const value = new Uint8Array(length);
  let have = 0;
  for (let number = first; have < length;) {
    const start = number * pageBytes;
    const page = number === 0 || start + pageBytes > file.length ? null : file.slice(start, start + pageBytes);
    if (page?.[25] !== pageTypes.overflow) {
      throw new EcosystemError('DATABASE_DAMAGED', 'a chain of the Berkeley database leads nowhere');
    }
    const view = viewOf(page);
    const bytes = view.getUint16(22, littleEndian);
    // A page without bytes would let a chain run in circles.
    if (bytes === 0 || bytes > pageBytes - pageHeaderBytes || have + bytes > length) {
      throw new EcosystemError('DATABASE_DAMAGED', 'a chain of the Berkeley database is broken');
    }
    value.set(page.subarray(pageHeaderBytes, pageHeaderBytes + bytes), have);
    have += bytes;
    number = view.getUint32(16, littleEndian);
  }
  return value;
}
