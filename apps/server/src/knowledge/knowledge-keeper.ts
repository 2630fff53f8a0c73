import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DownloadError, type Feed, FeedError, feeds, readStarter, type StarterKnowledge, starterLimits } from '@vedette/feeds';
import type { Dispatcher } from 'undici';
import type { Context } from '../context.ts';
import { Leadership } from '../db/leadership.ts';
import { CheckThread } from './check-thread.ts';
import { keepPosture } from '../posture/keep-posture.ts';
import { FeedFetchError, ShrunkFeedError } from './feed-error.ts';
import { FeedParser, type LocalFile } from './feed-parser.ts';
import type { FetchPlace } from './fetch-feed.ts';
import { feedDispatcher, httpGet } from './http-get.ts';
import { type CheckSource, importChecks, makeChecks } from './import-knowledge.ts';
import { listDirectory } from './read-feed-directory.ts';
import { refreshFeed } from './refresh-feed.ts';
import { packInput, saveFeedState, saveInput } from './stored-input.ts';
import { unpack } from './unpack.ts';

/** Name under which the starter knowledge base is kept among the feeds. */
const starterFeed = 'starter';
const refreshEveryMs = 6 * 3600 * 1000;
/** A machine of a new ecosystem does not wait longer for its advisories. */
const lookEveryMs = 10 * 60 * 1000;
/** How soon another process takes over when the leader is gone. */
const leadEveryMs = 5000;
/** A feed that is not there by then drips, and would keep all later refreshes waiting. */
const feedTimeoutMs = 15 * 60 * 1000;

type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export interface RefreshResult {
  readonly succeeded: number;
  readonly problems: readonly string[];
}

/**
 * Keeps the knowledge base: the starter at the first start, then what the feeds say. A feed that cannot be had, is cut, damaged or
 * suddenly small is noted, and what it said before stays in use. Of several processes on one database one does so, until it ends; by
 * hand each may refresh.
 */
export class KnowledgeKeeper implements AsyncDisposable {
  readonly #context: Context;
  readonly #pause: Pause;
  #running: Promise<RefreshResult> | null = null;
  /** What is done once after the start, in the background. */
  #warming: Promise<void> = Promise.resolve();
  readonly #leadership: Leadership;
  readonly #checks = new CheckThread();
  readonly #parser = new FeedParser();
  /** Size and times of the files that each feed was last read from, in an offline directory. */
  readonly #read = new Map<string, string>();
  #lastStart = Number.NEGATIVE_INFINITY;
  #lastLook = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  readonly #stop = new AbortController();

  constructor(context: Context, pause: Pause = (ms, signal) => setTimeout(ms, undefined, { signal })) {
    this.#context = context;
    this.#pause = pause;
    this.#leadership = new Leadership(context.pool);
  }

  get refreshing(): boolean {
    return this.#running !== null;
  }

  /** Brings in the starter and an offline directory, where there is one; then refreshes from the network in the background. */
  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => void this.#look().catch((error: unknown) => this.#report(error)), leadEveryMs).unref();
  }

  /** Does what is due, where this process leads. */
  async #look(): Promise<void> {
    const { config } = this.#context;
    if (performance.now() - this.#lastLook < lookEveryMs || !(await this.#leadership.lead())) return;
    const isFirst = this.#lastLook === Number.NEGATIVE_INFINITY;
    this.#lastLook = performance.now();
    if (isFirst) await this.#importStarter();
    // Also because a day has passed by which the support of a release ends.
    await keepPosture(this.#context);
    if (config.feedDirectory === null && !config.offline) {
      const refreshed = this.#refreshWhenDue().catch((error: unknown) => this.#report(error));
      if (isFirst) void refreshed.then(() => this.#startWarming());
    } else if (config.feedDirectory !== null && isFirst) {
      await this.refresh();
      this.#startWarming();
    }
  }

  #startWarming(): void {
    if (this.#running === null) this.#warming = this.#warm().catch((error: unknown) => this.#report(error));
  }

  /** The thread makes the checks in use once, before anything new comes and has to wait for that. */
  async #warm(): Promise<void> {
    if (this.#stop.signal.aborted || this.#checks.version !== null) return;
    const { db } = this.#context;
    const known = await this.#checks.follow(db);
    if (known.size === 0) return;
    // Too large to be kept: it is made when something new has come.
    if (!this.#checks.stays) return this.#checks[Symbol.asyncDispose]();
    const version = await makeChecks(db, this.#source());
    if (version !== null) await this.#checks.adopt(version);
  }

  #source(): CheckSource {
    const names = feeds.map(({ name }) => name);
    return this.#checks.source(starterFeed, names);
  }

  #report(error: unknown): void {
    if (!this.#stop.signal.aborted) this.#context.log.error({ err: error }, 'the refresh of the knowledge base failed');
  }

  /** All feeds every six hours; those of an ecosystem that is new in the fleet as soon as it is seen. */
  async #refreshWhenDue(): Promise<void> {
    if (this.refreshing) return;
    const now = performance.now();
    if (now - this.#lastStart >= refreshEveryMs) {
      this.#lastStart = now;
      await this.refresh();
      return;
    }
    const tried = new Set((await this.#context.db.selectFrom('feedState').select('feed').execute()).map(({ feed }) => feed));
    const missing = (await this.#wanted(null)).filter((feed) => feed.onDemand && hasAddress(feed) && !tried.has(feed.name));
    if (missing.length > 0) await this.refresh(missing.map(({ name }) => name));
  }

  /** Reads the feeds, all of them unless named, and imports what came; a refresh that runs already is waited for instead. */
  refresh(names: readonly string[] | null = null): Promise<RefreshResult> {
    this.#running ??= this.#refresh(names).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#stop.abort();
    // The database closes next; a half import would be rolled back, but its errors would look like faults.
    await this.#running?.catch(() => undefined);
    await this.#warming;
    await this.#parser[Symbol.asyncDispose]();
    await this.#checks[Symbol.asyncDispose]();
    await this.#leadership[Symbol.asyncDispose]();
  }

  async #importStarter(): Promise<void> {
    const { config, db, log, clock } = this.#context;
    const path = config.starterFile ?? join(import.meta.dirname, '../../../../content/knowledge/starter.json.zst');
    const packed = await readFile(path).catch(() => null);
    if (!packed) {
      log.warn('there is no starter knowledge base; nothing can be assessed before the first refresh');
      return;
    }
    const sha256 = createHash('sha256').update(packed).digest('hex');
    const known = await db.selectFrom('feedState').select('sha256').where('feed', '=', starterFeed).executeTakeFirst();
    if (known?.sha256 === sha256) return;
    const starter = await this.#readStarter(path, packed);
    if (!starter) return;
    await saveInput(db, starterFeed, await packInput(starter));
    // Of several origins of one feed the newest counts: it stands for what the feed says last.
    for (const origin of starter.origins.toSorted((one, other) => (one.retrievedAt < other.retrievedAt ? -1 : 1))) {
      const state = await db.selectFrom('feedState').select('location').where('feed', '=', origin.feed).executeTakeFirst();
      // What was fetched since is newer than what the starter was made of.
      if (state && !starter.origins.some(({ location }) => location === state.location)) continue;
      const { feed, location, sha256: hash } = origin;
      const records = starter.advisories.filter((advisory) => advisory.feed === feed).length;
      const retrievedAt = new Date(origin.retrievedAt);
      await saveFeedState(db, { feed, location, records, sha256: hash, retrievedAt, checkedAt: retrievedAt, problem: null });
    }
    await this.#import();
    // Last, so that an import cut off half way is made again.
    const records = starter.advisories.length;
    await saveFeedState(db, {
      feed: starterFeed,
      location: 'starter knowledge base',
      records,
      retrievedAt: new Date(starter.madeAt),
      checkedAt: new Date(starter.madeAt),
      problem: null,
      sha256,
    });
    log.info({ records, madeAt: starter.madeAt, at: clock() }, 'the starter knowledge base is in use');
  }

  /** Null for a starter that cannot be used, which must not keep a platform from its other knowledge. */
  async #readStarter(path: string, packed: Buffer): Promise<StarterKnowledge | null> {
    const { db, log } = this.#context;
    try {
      const { bytes } = unpack(path, packed, starterLimits.textChars);
      return readStarter(bytes.toString('utf8'));
    } catch (error) {
      if (!(error instanceof FeedError || error instanceof FeedFetchError)) throw error;
      log.error({ code: error.code, reason: error.message }, 'the starter knowledge base cannot be used');
      await saveFeedState(db, { feed: starterFeed, problem: error.message, triedAt: this.#context.clock() });
      return null;
    }
  }

  async #refresh(names: readonly string[] | null): Promise<RefreshResult> {
    const { config, db, log, clock } = this.#context;
    // The thread is asked one thing at a time.
    await this.#warming;
    let dispatcher: Promise<Dispatcher> | null = null;
    const problems: string[] = [];
    let succeeded = 0;
    try {
      await this.#checks.follow(db);
      const cves = new Set(await this.#checks.named());
      let listing: Promise<readonly LocalFile[]> | null = null;
      for (const feed of await this.#wanted(names)) {
        if (this.#stop.signal.aborted) break;
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(feedTimeoutMs)]);
        try {
          const from =
            config.feedDirectory === null
              ? await this.#from({ dispatcher: await (dispatcher ??= feedDispatcher(config)), signal })
              : await (listing ??= listDirectory(config.feedDirectory));
          const onTaken = this.#checks.hold.bind(this.#checks);
          const shared = { context: this.#context, parser: this.#parser, cves, signal, onTaken };
          const outcome = await refreshFeed(feed, { ...shared, from, read: this.#read });
          if (outcome !== 'absent') succeeded += 1;
        } catch (error) {
          if (this.#stop.signal.aborted) break;
          const problem = problemOf(error, signal);
          if (!problem) throw error;
          problems.push(`${feed.name}: ${problem.reason}`);
          log.warn({ feed: feed.name, ...problem }, 'a feed brought nothing; its earlier knowledge stays');
          const refusedRecords = error instanceof ShrunkFeedError ? error.records : null;
          await saveFeedState(db, { feed: feed.name, problem: problem.reason, triedAt: clock(), refusedRecords });
        }
      }
    } finally {
      await (await dispatcher)?.destroy();
    }
    // Also what an earlier refresh read, but could not import any more.
    const waiting = await db.selectFrom('feedState').select('feed').where('imported', '=', false).execute();
    if (waiting.length > 0 && !this.#stop.signal.aborted) await this.#import();
    if (!this.#stop.signal.aborted) await keepPosture(this.#context);
    return { succeeded, problems };
  }

  /** Feeds to read: those named, or all; of databases of single ecosystems only what the fleet has, since they are large. */
  async #wanted(names: readonly string[] | null): Promise<readonly Feed[]> {
    const { config, db } = this.#context;
    const named = names === null ? feeds : feeds.filter(({ name }) => names.includes(name));
    if (config.feedDirectory !== null) return named;
    const rows = await db.selectFrom('packageVersion').select('ecosystem').distinct().execute();
    const fleet = new Set(rows.map(({ ecosystem }) => ecosystem));
    return named.filter((feed) => !feed.onDemand || feed.ecosystems?.some((ecosystem) => fleet.has(ecosystem)));
  }

  async #from({ dispatcher, signal }: { dispatcher: Dispatcher; signal: AbortSignal }): Promise<FetchPlace> {
    const { config, db, clock } = this.#context;
    const releases = await db.selectFrom('packageVersion').select('release').distinct().execute();
    return {
      db,
      directory: join(config.dataDirectory, 'feeds'),
      mirror: config.feedMirror,
      at: clock(),
      releases: new Set(releases.map(({ release }) => release)),
      surroundings: {
        get: httpGet(dispatcher, signal),
        now: () => performance.now(),
        pause: (ms) => this.#pause(ms, signal),
        random: Math.random,
      },
    };
  }

  async #import(): Promise<void> {
    const { db, log, clock } = this.#context;
    const known = await this.#checks.follow(db);
    const fetched = [...known].filter((feed) => feed !== starterFeed);
    const result = await importChecks(db, this.#source(), { at: clock(), starter: fetched.length === 0 }).catch(
      async (error: unknown) => {
        // It may hold numbers that were not given after all.
        await this.#checks[Symbol.asyncDispose]();
        throw error;
      },
    );
    await this.#checks.adopt(result.version);
    await db.updateTable('feedState').set({ imported: true }).where('imported', '=', false).execute();
    log.info(result, 'the knowledge base was imported');
  }
}

/** Others are never tried from the network, so that looking for them would go on for ever. */
function hasAddress({ files, changes }: Feed): boolean {
  return changes !== undefined || files.some(({ url }) => url !== null);
}

/** What is noted of a feed that brought nothing; null for a fault of ours. */
function problemOf(error: unknown, signal: AbortSignal): { code: string; reason: string } | null {
  if (error instanceof FeedError || error instanceof FeedFetchError || error instanceof DownloadError) {
    return { code: error.code, reason: error.message };
  }
  if (!signal.aborted) return null;
  const minutes = feedTimeoutMs / 60_000;
  return {
    code: 'STALLED',
    reason: `It took more than ${minutes} minutes; what came is kept, and the next refresh goes on there.`,
  };
}
