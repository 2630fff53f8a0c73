import { FeedError } from './errors.ts';
import type { FeedFile } from './feed.ts';

/**
 * Inflates raw deflate data to at most `maxBytes`; throws anything when it is damaged or larger. `statedBytes` is what the archive says
 * of the result's size, true or not: one buffer of that size takes half the memory of pieces that are joined.
 */
export type InflateRaw = (packed: Uint8Array, maxBytes: number, statedBytes: number) => Uint8Array;

export interface ZipOptions {
  readonly inflateRaw: InflateRaw;
  /** Largest single file after decompression. */
  readonly maxEntryBytes: number;
  /** Largest sum of all files after decompression. */
  readonly maxBytes: number;
  /** Whether a file of this path is wanted; the others are not unpacked. All, when left out. */
  readonly wants?: (path: string) => boolean;
}

const endOfDirectory = 0x06054b50;
const endOfDirectory64 = 0x06064b50;
const locator64 = 0x07064b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/**
 * The files of a ZIP archive (APPNOTE.TXT 6.3.10: stored or deflated, with ZIP64 for more than 65,535 files), one in memory at a
 * time. Folders are passed over. Checksums are not compared: what matters is that each file is the record it should be.
 * Throws FeedError TRUNCATED, SCHEMA or TOO_LARGE.
 */
export function* readZip(archive: FeedFile, options: ZipOptions): Generator<FeedFile> {
  const { bytes } = archive;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0;
  try {
    let { at, count } = findDirectory(view);
    for (; count > 0; count -= 1) {
      if (view.getUint32(at, true) !== directoryEntry) throw new RangeError('no entry');
      const nameLength = view.getUint16(at + 28, true);
      const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      const entry = {
        method: view.getUint16(at + 10, true),
        packed: view.getUint32(at + 20, true),
        stated: view.getUint32(at + 24, true),
        start: view.getUint32(at + 42, true),
      };
      at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
      if (path.endsWith('/') || !(options.wants?.(path) ?? true)) continue;
      const content = contentOf(archive, view, { ...entry, path }, options);
      total += content.length;
      if (total > options.maxBytes) throw tooLarge(archive);
      yield { name: path.slice(path.lastIndexOf('/') + 1), path, bytes: content };
    }
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new FeedError('TRUNCATED', `${archive.name} is cut or no ZIP archive. Fetch it again.`, { cause });
    }
    throw cause;
  }
}

interface Entry {
  readonly path: string;
  readonly method: number;
  readonly packed: number;
  readonly stated: number;
  readonly start: number;
}

function contentOf(archive: FeedFile, view: DataView, entry: Entry, { inflateRaw, maxEntryBytes }: ZipOptions): Uint8Array {
  if (view.getUint32(entry.start, true) !== localHeader) throw new RangeError('no file');
  const start = entry.start + 30 + view.getUint16(entry.start + 26, true) + view.getUint16(entry.start + 28, true);
  if (start + entry.packed > archive.bytes.length) throw new RangeError('cut');
  const packed = archive.bytes.subarray(start, start + entry.packed);
  if (packed.length > maxEntryBytes) throw tooLarge(archive);
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new FeedError('SCHEMA', `${archive.name} is packed in a way no feed uses. Fetch it again.`);
  try {
    return inflateRaw(packed, maxEntryBytes, entry.stated);
  } catch (cause) {
    throw new FeedError(
      'TOO_LARGE',
      `${archive.name} holds a file that is damaged or larger than ${maxEntryBytes} bytes. Fetch it again.`,
      {
        cause,
      },
    );
  }
}

/** Where the directory begins and how many entries it has; the end record lies behind a comment of up to 65,535 bytes. */
function findDirectory(view: DataView): { at: number; count: number } {
  for (let end = view.byteLength - 22; end >= Math.max(0, view.byteLength - 22 - 0xffff); end -= 1) {
    if (view.getUint32(end, true) !== endOfDirectory) continue;
    if (end >= 20 && view.getUint32(end - 20, true) === locator64) {
      const end64 = Number(view.getBigUint64(end - 12, true));
      if (view.getUint32(end64, true) !== endOfDirectory64) throw new RangeError('no end');
      return { at: Number(view.getBigUint64(end64 + 48, true)), count: Number(view.getBigUint64(end64 + 32, true)) };
    }
    return { at: view.getUint32(end + 16, true), count: view.getUint16(end + 10, true) };
  }
  throw new RangeError('no end');
}

function tooLarge(archive: FeedFile): FeedError {
  return new FeedError('TOO_LARGE', `${archive.name} unpacks to more than the feed may have. Fetch it again.`);
}
