import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  download,
  type Download,
  DownloadError,
  type DownloadSurroundings,
  type Feed,
  type FeedSource,
  type Validators,
} from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { DownloadFile } from './download-file.ts';
import { type FeedFileRow, forgetFeedFiles, loadFeedFiles, saveFeedFiles } from './feed-file-store.ts';
import type { LocalFile } from './feed-parser.ts';

export interface FetchPlace {
  readonly db: Kysely<Database>;
  /** Where copies are kept, a folder for each feed. */
  readonly directory: string;
  /** Base address of a mirror instead of the official addresses. */
  readonly mirror: string | null;
  readonly at: Date;
  /** Releases that the fleet has: files for others are not fetched. Null for all. */
  readonly releases: ReadonlySet<string> | null;
  readonly surroundings: DownloadSurroundings;
}

/** The files of a feed as they lie here now, some of them newer than what is in use. */
export interface FetchedFeed {
  readonly changed: boolean;
  readonly files: readonly LocalFile[];
  readonly location: string;
  /** They are the copies from now on; not before they were read and believed. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Fetches what changed of a feed's files since the copies that lie here; null for a feed that has no address. Nothing replaces a copy
 * before keep(). Throws DownloadError.
 */
export async function fetchFeed(feed: Feed, place: FetchPlace): Promise<FetchedFeed | null> {
  const sources = feed.files.filter(
    ({ url, release }) => url !== null && (release === undefined || (place.releases?.has(release) ?? true)),
  );
  if (sources.length === 0) return null;
  const known = await loadFeedFiles(place.db, feed.name);
  const fresh: { file: DownloadFile; row: FeedFileRow }[] = [];
  const files: LocalFile[] = [];
  for (const source of sources) {
    const name = fileName(source);
    const path = join(place.directory, feed.name, name);
    const url = place.mirror === null ? await addressOf(source, path, place) : `${place.mirror}/${name}`;
    const row = known.find((one) => one.name === name && one.url === url);
    const file = await DownloadFile.open(path);
    const copy = row && (await sizeOf(path)) === row.bytes ? row : null;
    const validators = await fetchOne({ url, maxBytes: maxPackedBytes(feed, name), known: copy, part: file }, source, place);
    if (validators === 'absent') continue;
    files.push({ path: validators ? file.location : path, name, place: name });
    if (validators) fresh.push({ file, row: await describeFile(feed.name, { name, url, file, validators, at: place.at }) });
  }
  const urls = sources.map((source) => (place.mirror === null ? source.url : `${place.mirror}/${fileName(source)}`));
  return {
    changed: fresh.length > 0,
    files,
    location: urls.length > 3 ? `${urls[0]} and ${urls.length - 1} more` : urls.join(' '),
    async keep() {
      for (const { file } of fresh) await file.keep();
      await saveFeedFiles(
        place.db,
        fresh.map(({ row }) => row),
      );
    },
    async discard() {
      for (const { file } of fresh) await file.discard();
    },
  };
}

/** Null for a copy that is still the newest; `absent` for a file that need not be there and is not. */
async function fetchOne(
  file: Download,
  { optional }: FeedSource,
  { surroundings }: FetchPlace,
): Promise<Validators | null | 'absent'> {
  try {
    return await download(file, surroundings);
  } catch (error) {
    if (optional && error instanceof DownloadError && error.code === 'HTTP' && error.retryAfterMs === null) return 'absent';
    throw error;
  }
}

/** The source's own, or what it answers when it is asked for it. */
async function addressOf({ url, locate }: FeedSource, path: string, { surroundings }: FetchPlace): Promise<string> {
  if (!locate) return url ?? '';
  return locate(async (address) => {
    const file = await DownloadFile.open(`${path}.index`);
    await download({ url: address, maxBytes: maxIndexBytes, known: null, part: file }, surroundings);
    const bytes = await readFile(file.location);
    await file.discard();
    return { name: address.split('/').at(-1) ?? '', bytes };
  });
}

const maxIndexBytes = 4 * 1024 * 1024;

/** Of an archive each member has the limit of the feed, not the archive. */
function maxPackedBytes(feed: Feed, name: string): number {
  return name.endsWith('.zip') ? limits.feedFileBytes : Math.min(feed.maxBytes, limits.feedFileBytes);
}

/** Copies that could not be read are no copies: the next refresh fetches them whole. */
export async function forgetCopies(feed: Feed, place: FetchPlace): Promise<void> {
  await forgetFeedFiles(place.db, feed.name);
  await rm(join(place.directory, feed.name), { recursive: true, force: true });
}

/** Name under which a mirror offers the file, and a copy is kept: the pattern without its star. */
function fileName(source: FeedSource): string {
  return source.pattern.replace('*', '');
}

interface Arrived {
  readonly name: string;
  readonly url: string;
  readonly file: DownloadFile;
  readonly validators: Validators;
  readonly at: Date;
}

/** What is to be remembered of a file that arrived. */
export async function describeFile(feed: string, { name, url, file, validators, at }: Arrived): Promise<FeedFileRow> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file.location)) hash.update(chunk as Buffer);
  return { feed, name, url, ...validators, bytes: file.size, sha256: hash.digest('hex'), retrievedAt: at };
}

/** In bytes; null where there is none. */
export async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null;
}
