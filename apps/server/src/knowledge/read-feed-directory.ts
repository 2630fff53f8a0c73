import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { type Feed, type FeedFile, matchesSource, readZip, type ZipOptions } from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import { FeedFetchError } from './feed-error.ts';
import { unpack } from './unpack.ts';

/** Files of one feed as read, with what a detection later says of their origin. */
export interface FetchedFeed {
  readonly files: readonly FeedFile[];
  readonly location: string;
  readonly sha256: string;
}

/** How deep and how wide an offline directory is searched. */
const maxDepth = 4;
const maxFiles = 250_000;

/** The files of a feed in an offline directory, subdirectories included; null when there are none. Throws FeedFetchError. */
export async function readFeedDirectory(directory: string, feed: Feed): Promise<FetchedFeed | null> {
  const names = (await listFiles(directory)).filter(({ name }) =>
    plainNames(name).some((plain) => feed.files.some((source) => matchesSource(source, plain))),
  );
  if (names.length === 0) return null;
  const hash = createHash('sha256');
  const files: FeedFile[] = [];
  let total = 0;
  for (const { path, name } of names) {
    // Of an archive each file has the limit of the feed, not the archive.
    const isZip = name.endsWith('.zip');
    const packed = await readBounded(path, name, isZip ? limits.feedFileBytes : feed.maxBytes);
    hash.update(packed);
    const file = { ...(await unpack(name, packed, feed.maxBytes)), path: relative(directory, path).replaceAll('\\', '/') };
    for (const one of isZip ? readZip(file, zipOptions(feed)) : [file]) {
      files.push(one);
      total += one.bytes.length;
    }
    if (total > limits.feedDocumentBytes)
      throw new FeedFetchError(
        'TOO_LARGE',
        `The files of ${feed.name} have more than ${limits.feedDocumentBytes} bytes together.`,
      );
  }
  const location = names.length === 1 ? (names[0]?.name ?? '') : `${names.length} files in the feed directory`;
  return { files, location, sha256: hash.digest('hex') };
}

function zipOptions(feed: Feed): ZipOptions {
  return {
    inflateRaw: (packed, maxBytes) => inflateRawSync(packed, { maxOutputLength: maxBytes }),
    maxEntryBytes: feed.maxBytes,
    maxBytes: limits.feedDocumentBytes,
  };
}

async function readBounded(path: string, name: string, maxBytes: number): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new FeedFetchError('TOO_LARGE', `${name} has ${size} bytes; it may have ${maxBytes}.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof FeedFetchError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new FeedFetchError('NOT_FOUND', `${name} cannot be read (${reason}).`, { cause: error });
  }
}

/** A file may lie there compressed, whatever its feed's own form. */
function plainNames(name: string): string[] {
  return [name, name.replace(/\.(zst|gz)$/, '')];
}

async function listFiles(root: string): Promise<{ path: string; name: string }[]> {
  const found: { path: string; name: string }[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    let entries;
    try {
      entries = await readdir(directory, { withFileTypes: true });
    } catch (error) {
      throw new FeedFetchError('NOT_FOUND', `The feed directory ${directory} cannot be read; check VEDETTE_FEED_DIR.`, {
        cause: error,
      });
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && depth < maxDepth) await walk(path, depth + 1);
      else if (entry.isFile()) found.push({ path, name: entry.name });
      if (found.length > maxFiles) throw new FeedFetchError('TOO_LARGE', `The feed directory has more than ${maxFiles} files.`);
    }
  };
  await walk(root, 0);
  return found;
}
