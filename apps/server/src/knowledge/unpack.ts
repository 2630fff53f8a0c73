import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { unpackBzip2 } from '@vedette/feeds';
import { FeedFetchError } from './feed-error.ts';

type Unpack = (packed: Buffer, maxBytes: number) => Uint8Array;
const unpackers: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['.gz', (packed, maxBytes) => gunzipSync(packed, { maxOutputLength: maxBytes })],
  ['.zst', (packed, maxBytes) => zstdDecompressSync(packed, { maxOutputLength: maxBytes })],
  ['.bz2', unpackBzip2],
]);

const tooLarge: ReadonlySet<string> = new Set(['ERR_BUFFER_TOO_LARGE', 'TOO_LARGE']);

/** Undoes the compression that the name tells of, up to `maxBytes`: a feed is not trusted to be of the size it looks. */
export function unpack(name: string, packed: Buffer, maxBytes: number): { name: string; bytes: Buffer } {
  const suffix = /\.[a-z0-9]+$/.exec(name)?.[0] ?? '';
  const unpackIt = unpackers.get(suffix);
  if (!unpackIt) return { name, bytes: packed };
  try {
    const bytes = unpackIt(packed, maxBytes);
    return { name: name.slice(0, -suffix.length), bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && tooLarge.has(String(error.code))) {
      throw new FeedFetchError('TOO_LARGE', `${name} unpacks to more than ${maxBytes} bytes; it is not the feed it should be.`);
    }
    throw new FeedFetchError('DAMAGED', `${name} is cut or damaged and cannot be unpacked; fetch it again.`, { cause: error });
  }
}
