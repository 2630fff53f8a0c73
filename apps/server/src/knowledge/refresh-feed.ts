import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type Feed, shrinkageProblem } from '@vedette/feeds';
import type { Context } from '../context.ts';
import { ShrunkFeedError } from './feed-error.ts';
import { forgetFeedFiles } from './feed-file-store.ts';
import type { FeedParser, LocalFile } from './feed-parser.ts';
import { fetchChanges, type FetchedChanges, hasWhole } from './fetch-changes.ts';
import { fetchFeed, type FetchPlace, forgetCopies } from './fetch-feed.ts';
import { filesOf } from './read-feed-directory.ts';
import {
  type FeedStateRow,
  hashInput,
  hasInput,
  loadFeedState,
  loadPackedInput,
  packInput,
  saveFeedState,
  saveInput,
} from './stored-input.ts';

/** What the feeds of one refresh share. */
export interface Refresh {
  readonly context: Context;
  readonly parser: FeedParser;
  /** Vulnerabilities that some advisory names; grows with every feed. */
  readonly cves: Set<string>;
  readonly signal: AbortSignal;
  /** Files of the offline directory, or where to fetch them. */
  readonly from: readonly LocalFile[] | FetchPlace;
  /** What the files of the offline directory looked like when each feed was last read; kept from one refresh to the next. */
  readonly read: Map<string, string>;
  /** Hears what a feed says now, as it is stored, and which transaction wrote it. */
  readonly onTaken?: (feed: string, taken: { readonly writer: string; readonly body: Uint8Array }) => Promise<void>;
}

const dayMs = 24 * 3600 * 1000;
/** Everything is read again after so long, since a list of changes may have left something out. */
const completeEveryMs = 7 * dayMs;

/**
 * Brings one feed up to date: `changed` when it says something new, `absent` when there is nothing to read it from. Throws FeedError,
 * FeedFetchError, DownloadError; what it said before then stays in use.
 */
export async function refreshFeed(feed: Feed, refresh: Refresh): Promise<'changed' | 'unchanged' | 'absent'> {
  const { from, context } = refresh;
  // Most feeds have nothing in a directory; the database need not be asked about them.
  const files = isListing(from) ? filesOf(feed, from) : [];
  if (isListing(from) && files.length === 0) return 'absent';
  const state = await loadFeedState(context.db, feed.name);
  if (isListing(from)) return readFiles(feed, refresh, { files, state });
  if (feed.changes && from.mirror === null) return refreshChanges(feed, refresh, { from, state });
  return refreshWhole(feed, refresh, { from, state });
}

function isListing(from: Refresh['from']): from is readonly LocalFile[] {
  return Array.isArray(from);
}

/** What lies in the offline directory, unless it lay there just so when it was last read. */
async function readFiles(
  feed: Feed,
  refresh: Refresh,
  { files, state }: { files: readonly LocalFile[]; state: FeedStateRow | null },
): Promise<'changed' | 'unchanged'> {
  const look = await appearanceOf(files);
  if (refresh.read.get(feed.name) === look && state?.problem === null && !isMissingFacts(feed, refresh, state)) {
    await noteUnchanged(feed, refresh);
    return 'unchanged';
  }
  refresh.read.delete(feed.name);
  const location = files.length === 1 ? (files[0]?.name ?? '') : `${files.length} files in the feed directory`;
  await take(feed, refresh, { files, location, state, base: null });
  refresh.read.set(feed.name, look);
  return 'changed';
}

/** Names, sizes and times of files; the time of the last change of the inode, too, which programs cannot set back. */
async function appearanceOf(files: readonly LocalFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path } of files) {
    const found = await stat(path, { bigint: true }).catch(() => null);
    hash.update(`${path}\0${found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : 'gone'}\0`);
  }
  return hash.digest('hex');
}

/** Advisories may name by now what was left out of the facts. */
function isMissingFacts(feed: Feed, { cves }: Refresh, state: FeedStateRow | null): boolean {
  return feed.factsOnly === true && state?.cves !== cves.size;
}

interface Source {
  readonly from: FetchPlace;
  readonly state: FeedStateRow | null;
}

async function refreshWhole(feed: Feed, refresh: Refresh, { from, state }: Source): Promise<'changed' | 'unchanged' | 'absent'> {
  const { db } = refresh.context;
  // Copies mean nothing where what they said is gone.
  if (!(await hasInput(db, feed.name))) await forgetFeedFiles(db, feed.name);
  const fetched = await fetchFeed(feed, from);
  if (!fetched) return 'absent';
  if (!fetched.changed && !isMissingFacts(feed, refresh, state)) {
    await noteUnchanged(feed, refresh);
    return 'unchanged';
  }
  try {
    await take(feed, refresh, { ...fetched, state, base: null });
  } catch (error) {
    // Nothing says which of the files is at fault.
    await fetched.discard();
    if (!refresh.signal.aborted) await forgetCopies(feed, from);
    throw error;
  }
  await fetched.keep();
  return 'changed';
}

/** By the source's list of changes, and by everything where that is due or the list does not do. */
async function refreshChanges(feed: Feed, refresh: Refresh, source: Source): Promise<'changed' | 'unchanged'> {
  const { context, cves } = refresh;
  const { from, state } = source;
  const isKnown = await hasInput(context.db, feed.name);
  const isDue = hasWhole(feed) && (!isKnown || context.clock().getTime() - (state?.completeAt?.getTime() ?? 0) > completeEveryMs);
  const changes = await fetchChanges(feed, from, { since: isDue ? null : (state?.changesUntil ?? null), cves });
  if (!changes) {
    await noteUnchanged(feed, refresh);
    return 'unchanged';
  }
  try {
    return changes.tooMany
      ? await takeWhole(feed, refresh, { ...source, changes })
      : await takeChanges(feed, refresh, { ...source, changes });
  } catch (error) {
    await changes.discard();
    throw error;
  }
}

interface Changes extends Source {
  readonly changes: FetchedChanges;
}

async function takeWhole(feed: Feed, refresh: Refresh, { from, state, changes }: Changes): Promise<'changed' | 'unchanged'> {
  const outcome = await refreshWhole(feed, refresh, { from, state });
  // The list is read again next time, from a day earlier: the files may lag behind it.
  const changesUntil = changes.until === null ? null : new Date(Date.parse(changes.until) - dayMs).toISOString();
  await saveFeedState(refresh.context.db, { feed: feed.name, changesUntil, completeAt: refresh.context.clock() });
  await changes.discard();
  return outcome === 'changed' ? 'changed' : 'unchanged';
}

async function takeChanges(feed: Feed, refresh: Refresh, { state, changes }: Changes): Promise<'changed' | 'unchanged'> {
  const { db } = refresh.context;
  const nothing = { advisories: [], vulnerabilities: [] };
  if (changes.files.length > 0) {
    const base = (await loadPackedInput(db, feed.name)) ?? (await packInput(nothing));
    await take(feed, refresh, { ...changes, state, base });
  } else await noteUnchanged(feed, refresh);
  if (changes.until !== null) await saveFeedState(db, { feed: feed.name, changesUntil: changes.until });
  await changes.keep();
  return changes.files.length > 0 ? 'changed' : 'unchanged';
}

async function noteUnchanged(feed: Feed, { context: { db, clock } }: Refresh): Promise<void> {
  const at = clock();
  await saveFeedState(db, { feed: feed.name, checkedAt: at, triedAt: at, problem: null, refusedRecords: null });
}

interface Taking {
  readonly files: readonly LocalFile[];
  readonly location: string;
  readonly state: FeedStateRow | null;
  /** What is known, when the files hold only changes. */
  readonly base: Uint8Array | null;
}

/** Parses and keeps what a feed says, and adds the vulnerabilities its advisories name to the known ones. */
async function take(feed: Feed, refresh: Refresh, { files, location, state, base }: Taking): Promise<void> {
  const { context, parser, cves, signal } = refresh;
  const parsed = await parser.parse({ feed: feed.name, files, cves: [...cves].join(' '), base }, signal);
  if (base === null) refuseShrunk(feed, state, parsed.records);
  const at = context.clock();
  // Sources touch their files without saying anything new.
  const isNew = !(await hashInput(context.db, feed.name))?.equals(parsed.bodySha256);
  const writer = await context.db.transaction().execute(async (tx) => {
    await saveFeedState(tx, {
      feed: feed.name,
      location,
      sha256: parsed.sha256,
      // Of changes nobody knows how many of them are new.
      records: base === null ? parsed.records : Math.max(state?.records ?? 0, parsed.records),
      retrievedAt: at,
      checkedAt: at,
      triedAt: at,
      ...(base === null ? { completeAt: at } : {}),
      problem: null,
      refusedRecords: null,
      acceptedRecords: null,
      cves: cves.size,
      ...(isNew ? { imported: false } : {}),
    });
    return isNew ? saveInput(tx, feed.name, parsed.body) : null;
  });
  if (writer !== null) await refresh.onTaken?.(feed.name, { writer, body: parsed.body });
  if (parsed.named !== '') for (const cve of parsed.named.split(' ')) cves.add(cve);
}

/** Throws ShrunkFeedError for a feed that lost suspiciously many records, unless a person accepted about as few. */
function refuseShrunk(feed: Feed, state: FeedStateRow | null, records: number): void {
  if (!state?.retrievedAt) return;
  const shrunk = shrinkageProblem(state.records, records);
  if (shrunk === null) return;
  if (state.acceptedRecords !== null && shrinkageProblem(state.acceptedRecords, records) === null) return;
  throw new ShrunkFeedError(
    `${shrunk} If it really is smaller now, accept it in the console or with "vedette knowledge accept ${feed.name}".`,
    records,
  );
}
