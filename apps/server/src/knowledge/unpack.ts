import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FeedFetchError } from './feed-error.ts';

const unpackers = { '.gz': gunzipSync, '.zst': zstdDecompressSync } as const;

/** Undoes the compression that the name tells of, up to `maxBytes`: a feed is not trusted to be of the size it looks. */
export function unpack(name: string, packed: Buffer, maxBytes: number): { name: string; bytes: Buffer } {
  const suffix = name.endsWith('.gz') ? '.gz' : name.endsWith('.zst') ? '.zst' : null;
  if (suffix === null) return { name, bytes: packed };
  try {
    return { name: name.slice(0, -suffix.length), bytes: unpackers[suffix](packed, { maxOutputLength: maxBytes }) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new FeedFetchError('TOO_LARGE', `${name} unpacks to more than ${maxBytes} bytes; it is not the feed it should be.`);
    }
    throw new FeedFetchError('DAMAGED', `${name} is cut or damaged and cannot be unpacked; fetch it again.`, { cause: error });
  }
}
