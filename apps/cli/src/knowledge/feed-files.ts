import { createReadStream, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { constants, createGunzip, createZstdDecompress, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { feeds, matchesSource, readZip, type Feed, type ZipOptions } from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { fileError, readFile } from '../scan/read-file.ts';
import { readTar } from './read-tar.ts';

/** A file that belongs to a feed, unpacked. */
export interface FoundFile {
  readonly feed: Feed;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The archive, or the directory of a plain file: what a person knows it by. */
  readonly container: string;
  /** RFC 3339. */
  readonly modifiedAt: string;
}

/** Whether the feed's files are wanted in this pass. */
type Wanted = (feed: Feed) => boolean;

/**
 * Every file of a wanted feed in a file, an archive (tar, also packed with zstd or gzip; zip) or a directory of them, one at a time, so that
 * memory holds only one. `inputs` are walked in order, directories by name. `note` hears of what cannot be read.
 */
export async function* feedFiles(
  inputs: readonly string[],
  wanted: Wanted,
  note: (message: string) => void,
): AsyncGenerator<FoundFile> {
  for (const input of inputs) {
    for (const path of plainFiles(input)) {
      try {
        yield* filesIn(path, wanted);
      } catch (error) {
        // One broken archive does not keep the others out; what it brought before it broke counts.
        note(`not read: ${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

function* plainFiles(path: string): Generator<string> {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    throw fileError(path, error);
  }
  if (!isDirectory) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory() && entry.name !== '.git') yield* plainFiles(join(path, entry.name));
    else if (entry.isFile()) yield join(path, entry.name);
  }
}

async function* filesIn(path: string, wanted: Wanted): AsyncGenerator<FoundFile> {
  const name = basename(path);
  const modifiedAt = statSync(path).mtime.toISOString();
  const archive = /\.(tar|tar\.zst|tar\.gz|tgz|zip)$/.test(name);
  // An archive under the name of a feed holds that feed, whatever its members are called.
  const whole = feedOf(name);
  if (whole && !wanted(whole)) return;
  if (archive) {
    const feedIn = (member: string): Feed | null => {
      const feed = whole ?? feedOf(basename(member));
      return feed && wanted(feed) ? feed : null;
    };
    for await (const { path: member, bytes } of membersOf(path, (one) => feedIn(one) !== null)) {
      const feed = feedIn(member);
      if (feed) yield { feed, name: basename(member), bytes, container: path, modifiedAt };
    }
    return;
  }
  const plain = name.replace(/\.(gz|zst)$/, '');
  const feed = whole ?? feedOf(plain);
  if (feed && wanted(feed)) yield { feed, name: plain, bytes: unpacked(path), container: dirname(path), modifiedAt };
}

/** The feed a file name belongs to; the first, should several know it. */
function feedOf(name: string): Feed | null {
  return feeds.find((feed) => feed.files.some((source) => matchesSource(source, name))) ?? null;
}

interface Member {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function* membersOf(path: string, wants: (member: string) => boolean): AsyncGenerator<Member> {
  if (path.endsWith('.zip')) {
    const archive = { name: basename(path), bytes: readFile(path, limits.feedFileBytes) };
    for (const { name, path: member = name, bytes } of readZip(archive, zipOptions)) yield { path: member, bytes };
    return;
  }
  const packed = createReadStream(path);
  const window = { params: { [constants.ZSTD_d_windowLogMax]: 27 } };
  const stream = path.endsWith('.zst')
    ? packed.pipe(createZstdDecompress(window))
    : path.endsWith('.tar')
      ? packed
      : packed.pipe(createGunzip());
  packed.on('error', (error) => stream.destroy(error));
  try {
    for await (const { path: member, bytes } of readTar(stream, limits.feedFileBytes, wants)) {
      // A copy, as a view would keep all of the reader's buffer.
      yield { path: member, bytes: new Uint8Array(bytes) };
    }
  } finally {
    // An archive is not read behind its end mark; its streams are let go of there.
    packed.destroy();
    stream.destroy();
  }
}

const zipOptions: ZipOptions = {
  inflateRaw: (packed, maxBytes) => inflateRawSync(packed, { maxOutputLength: maxBytes }),
  maxEntryBytes: limits.feedFileBytes,
  maxBytes: limits.feedDocumentBytes,
};

function unpacked(path: string): Uint8Array {
  const content = readFile(path, limits.feedFileBytes);
  const options = { maxOutputLength: limits.feedDocumentBytes };
  try {
    if (path.endsWith('.gz')) return gunzipSync(content, { ...options, chunkSize: gunzipChunk(content) });
    return path.endsWith('.zst') ? zstdDecompressSync(content, options) : content;
  } catch (cause) {
    throw new CliError('FAILURE', 'it cannot be unpacked', { cause });
  }
}

/**
 * One byte more than the size that gzip data state of themselves (RFC 1952, ISIZE), so that they are unpacked into one buffer and not
 * into pieces that are then joined: half the memory. Data that state it wrongly are read all the same.
 */
function gunzipChunk(content: Buffer): number {
  const stated = content.length < 18 ? 0 : content.readUInt32LE(content.length - 4);
  return Math.max(1024, Math.min(stated + 1, limits.feedFileBytes));
}
