import { createReadStream, createWriteStream, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createZstdDecompress, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { bunzip2, feeds, matchesSource, readZip, unpackBzip2, type Feed, type ZipOptions } from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { fileError, readFile } from '../scan/read-file.ts';
import { readTar } from './read-tar.ts';

/** A file that belongs to a feed, unpacked. */
export interface FoundFile {
  readonly feed: Feed;
  readonly name: string;
  /** With the folders above it, the archive's name as the first of them: some sources tell the release by the folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The archive, or the directory of a plain file: what a person knows it by. */
  readonly container: string;
  /** RFC 3339. */
  readonly modifiedAt: string;
}

/** Whether files of this feed are wanted; `path` is that of the file or archive they would come out of. */
type Wanted = (feed: Feed, path: string) => boolean;

interface Reading {
  readonly wanted: Wanted;
  /** Name of a file that a packed archive is unpacked into while it is read. */
  readonly scratch: string;
  /** Hears of what cannot be read. */
  readonly note: (message: string) => void;
}

/**
 * Every file of a wanted feed in files and archives (tar, also packed with zstd, gzip or bzip2; zip), in order, one at a time, so that memory holds
 * only one.
 */
export async function* feedFiles(paths: Iterable<string>, reading: Reading): AsyncGenerator<FoundFile> {
  for (const path of paths) {
    try {
      yield* filesIn(path, reading);
    } catch (error) {
      // One broken archive does not keep the others out; what it brought before it broke counts.
      reading.note(`not read: ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** A file itself, or all files below a directory, by name. Throws CliError NOT_FOUND. */
export function* plainFiles(path: string): Generator<string> {
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

const archiveEnding = /\.(tar|tar\.zst|tar\.gz|tgz|tar\.bz2|zip)$/;

async function* filesIn(path: string, { wanted, scratch }: Reading): AsyncGenerator<FoundFile> {
  const name = basename(path);
  const modifiedAt = statSync(path).mtime.toISOString();
  const archive = archiveEnding.test(name);
  // An archive under the name of a feed holds that feed, whatever its members are called.
  const whole = feedOf(name);
  if (whole && !wanted(whole, path)) return;
  if (archive) {
    const feedIn = (member: string): Feed | null => {
      const feed = whole ?? feedOf(basename(member));
      return feed && wanted(feed, path) ? feed : null;
    };
    for await (const { path: member, bytes } of membersOf(path, scratch, (one) => feedIn(one) !== null)) {
      const feed = feedIn(member);
      if (feed)
        yield {
          feed,
          name: basename(member),
          path: `${name.replace(archiveEnding, '')}/${member}`,
          bytes,
          container: path,
          modifiedAt,
        };
    }
    return;
  }
  const plain = name.replace(/\.(gz|zst|bz2)$/, '');
  const feed = whole ?? feedOf(plain);
  if (feed && wanted(feed, path)) {
    yield { feed, name: plain, path: path.split(sep).join('/'), bytes: unpacked(path), container: dirname(path), modifiedAt };
  }
}

/** The feed a file name belongs to; the first, should several know it. */
function feedOf(name: string): Feed | null {
  return feeds.find((feed) => feed.files.some((source) => matchesSource(source, name))) ?? null;
}

interface Member {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function* membersOf(path: string, scratch: string, wants: (member: string) => boolean): AsyncGenerator<Member> {
  if (path.endsWith('.zip')) {
    const archive = { name: basename(path), bytes: readFile(path, limits.feedFileBytes) };
    for (const { name, path: member = name, bytes } of readZip(archive, { ...zipOptions, wants })) yield { path: member, bytes };
    return;
  }
  const isPacked = !path.endsWith('.tar');
  try {
    if (isPacked) await unpackInto(scratch, path);
    const stream = createReadStream(isPacked ? scratch : path);
    for await (const { path: member, bytes } of readTar(stream, limits.feedFileBytes, wants)) {
      // A copy, as a view would keep all of the reader's buffer.
      yield { path: member, bytes: new Uint8Array(bytes) };
    }
  } finally {
    rmSync(scratch, { force: true });
  }
}

/**
 * Unpacks before anything is parsed: zstd remembers up to 128 MiB of what it unpacked, which would stand in memory beside all that
 * parsing needs.
 */
async function unpackInto(scratch: string, path: string): Promise<void> {
  const window = { params: { [constants.ZSTD_d_windowLogMax]: 27 } };
  let size = 0;
  const bound = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      size += chunk.length;
      done(size > limits.feedArchiveBytes ? new Error(`it unpacks to more than ${limits.feedArchiveBytes} bytes`) : null, chunk);
    },
  });
  if (path.endsWith('.bz2')) {
    await pipeline(
      Readable.from(bunzip2(readFile(path, limits.feedArchiveBytes)), { objectMode: false }),
      bound,
      createWriteStream(scratch),
    );
    return;
  }
  const unpacking = path.endsWith('.zst') ? createZstdDecompress(window) : createGunzip();
  await pipeline(createReadStream(path), unpacking, bound, createWriteStream(scratch));
}

const zipOptions: ZipOptions = {
  inflateRaw: (packed, maxBytes, stated) =>
    inflateRawSync(packed, { maxOutputLength: maxBytes, chunkSize: oneChunk(stated, packed) }),
  maxEntryBytes: limits.feedFileBytes,
  maxBytes: limits.feedDocumentBytes,
};

function unpacked(path: string): Uint8Array {
  const content = readFile(path, limits.feedFileBytes);
  const options = { maxOutputLength: limits.feedDocumentBytes };
  try {
    if (path.endsWith('.gz')) return gunzipSync(content, { ...options, chunkSize: oneChunk(statedSize(content), content) });
    if (path.endsWith('.bz2')) return unpackBzip2(content, limits.feedDocumentBytes);
    return path.endsWith('.zst') ? zstdDecompressSync(content, options) : content;
  } catch (cause) {
    throw new CliError('FAILURE', 'it cannot be unpacked', { cause });
  }
}

/** The size that gzip data state of themselves (RFC 1952, ISIZE). */
function statedSize(content: Buffer): number {
  return content.length < 18 ? 0 : content.readUInt32LE(content.length - 4);
}

/** Deflate makes at most about a thousand of one byte. */
const maxRatio = 1032;

/**
 * One byte more than the stated size, so that data are unpacked into one buffer and not into pieces that are then joined: half the
 * memory. Data that state it wrongly are read all the same, and a small file cannot ask for a large buffer.
 */
function oneChunk(stated: number, packed: Uint8Array): number {
  return Math.max(1024, Math.min(stated + 1, limits.feedFileBytes, packed.length * maxRatio));
}
