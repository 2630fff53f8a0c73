import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChangedRecord, download, DownloadError, type Feed } from '@vedette/feeds';
import { DownloadFile } from './download-file.ts';
import { loadFeedFiles, saveFeedFiles } from './feed-file-store.ts';
import type { LocalFile } from './feed-parser.ts';
import { describeFile, type FetchPlace, sizeOf } from './fetch-feed.ts';

/** What changed since `since`, as files that are thrown away after reading; null when the source has no news (304). */
export interface FetchedChanges {
  readonly files: readonly LocalFile[];
  readonly location: string;
  /** Time of the last change among them; null when there is none. */
  readonly until: string | null;
  /** More changed than is worth fetching one by one, or not all of it is there: everything must be read. */
  readonly tooMany: boolean;
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** Whether all of the feed can be fetched, not only changes. */
export function hasWhole(feed: Feed): boolean {
  return feed.files.some(({ url }) => url !== null);
}

/** As many records are fetched one by one. */
const maxChanges = 200;

/**
 * Fetches the records that changed since `since`. A source without files of its whole gives as many as is fitting, the oldest first, so
 * that the next refresh goes on there. Throws DownloadError, FeedError.
 */
export async function fetchChanges(
  feed: Feed,
  place: FetchPlace,
  { since, cves }: { readonly since: string | null; readonly cves: ReadonlySet<string> },
): Promise<FetchedChanges | null> {
  const { changes } = feed;
  if (!changes) return null;
  const folder = join(place.directory, feed.name, 'changes');
  const name = changes.list.pattern;
  const path = join(place.directory, feed.name, name);
  const list = await DownloadFile.open(path);
  const row = (await loadFeedFiles(place.db, feed.name)).find((one) => one.name === name && one.url === changes.list.url);
  const known = since !== null && (await sizeOf(path)) === row?.bytes ? (row ?? null) : null;
  const { url } = changes.list;
  const validators = await download({ url, maxBytes: changes.maxBytes, known, part: list }, place.surroundings);
  if (!validators) return null;
  const described = await describeFile(feed.name, { name, url, file: list, validators, at: place.at });
  const changed = changes.read({ name, bytes: await readFile(list.location) }, since ?? firstLook(feed, place.at), cves);
  const isMuch = hasWhole(feed) && (since === null || changed.length > maxChanges);
  const wanted = changed.slice(0, maxChanges);
  const files = isMuch ? [] : await fetchRecords(feed, wanted, { folder, place });
  const tooMany = isMuch || (hasWhole(feed) && files.length < wanted.length);
  const isAll = wanted.length === changed.length || tooMany;
  return {
    files: tooMany ? [] : files,
    location: url,
    until: (isAll ? changed : wanted).at(-1)?.at ?? null,
    tooMany,
    async keep() {
      await rm(folder, { recursive: true, force: true });
      if (!isAll) return list.discard();
      await list.keep();
      return saveFeedFiles(place.db, [described]);
    },
    async discard() {
      await list.discard();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** From when on a source is followed that cannot be had as a whole; null for from its beginning. */
function firstLook({ changes }: Feed, now: Date): string | null {
  return changes?.from === 'now' ? new Date(now.getTime() - firstLookMs).toISOString() : null;
}

const firstLookMs = 30 * 24 * 3600 * 1000;

/** Those that are there: a list may name what was taken away since. */
async function fetchRecords(
  feed: Feed,
  records: readonly ChangedRecord[],
  { folder, place }: { readonly folder: string; readonly place: FetchPlace },
): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const { source } of records) {
    const path = join(folder, source.pattern);
    const file = await DownloadFile.open(path);
    try {
      await download({ url: source.url, maxBytes: feed.maxBytes, known: null, part: file }, place.surroundings);
      await file.keep();
      files.push({ path, name: source.pattern, place: source.pattern });
    } catch (error) {
      if (!(error instanceof DownloadError) || error.code !== 'HTTP' || error.retryAfterMs !== null) throw error;
      await file.discard();
    }
  }
  return files;
}
