import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Feed,
  FeedError,
  feeds,
  mergeKnowledge,
  readStarter,
  shrinkageProblem,
  type StarterKnowledge,
  starterLimits,
} from '@vedette/feeds';
import type { Dispatcher } from 'undici';
import type { Context } from '../context.ts';
import { feedDispatcher, fetchFeed } from './fetch-feed.ts';
import { FeedFetchError } from './feed-error.ts';
import { importKnowledge } from './import-knowledge.ts';
import { type FetchedFeed, readFeedDirectory } from './read-feed-directory.ts';
import { loadInputs, saveFeedProblem, saveFeedState, saveInput } from './stored-input.ts';
import { unpack } from './unpack.ts';

/** Name under which the starter knowledge base is kept among the feeds. */
const starterFeed = 'starter';
const refreshEveryMs = 6 * 3600 * 1000;
/** A feed that is not there by then drips, and would keep all later refreshes waiting. */
const feedTimeoutMs = 15 * 60 * 1000;

export interface RefreshResult {
  readonly succeeded: number;
  readonly problems: readonly string[];
}

/**
 * Keeps the knowledge base: the starter at the first start, then what the feeds say. A feed that cannot be had, is cut, damaged or
 * suddenly small is noted, and what it said before stays in use.
 */
export class KnowledgeKeeper implements AsyncDisposable {
  readonly #context: Context;
  #running: Promise<RefreshResult> | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #stop = new AbortController();

  constructor(context: Context) {
    this.#context = context;
  }

  get refreshing(): boolean {
    return this.#running !== null;
  }

  /** Brings in the starter and an offline directory, where there is one; then refreshes from the network in the background. */
  async start(): Promise<void> {
    const { config, log } = this.#context;
    await this.#importStarter();
    if (config.feedDirectory !== null) await this.refresh();
    else if (!config.offline) {
      const refresh = () =>
        void this.refresh().catch((error: unknown) => log.error({ err: error }, 'the refresh of the knowledge base failed'));
      this.#timer = setInterval(refresh, refreshEveryMs).unref();
      refresh();
    }
  }

  /** Reads all feeds and imports what came; a refresh that runs already is waited for instead. */
  refresh(): Promise<RefreshResult> {
    this.#running ??= this.#refresh().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#stop.abort();
    // The database closes next; a half import would be rolled back, but its errors would look like faults.
    await this.#running?.catch(() => undefined);
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
    await saveInput(db, starterFeed, starter);
    // Of several origins of one feed the newest counts: it stands for what the feed says last.
    for (const origin of starter.origins.toSorted((one, other) => (one.retrievedAt < other.retrievedAt ? -1 : 1))) {
      const state = await db.selectFrom('feedState').select('location').where('feed', '=', origin.feed).executeTakeFirst();
      // What was fetched since is newer than what the starter was made of.
      if (state && !starter.origins.some(({ location }) => location === state.location)) continue;
      const { feed, location, sha256: hash } = origin;
      const records = starter.advisories.filter((advisory) => advisory.feed === feed).length;
      await saveFeedState(db, { feed, location, records, sha256: hash, retrievedAt: new Date(origin.retrievedAt) });
    }
    await this.#import();
    // Last, so that an import cut off half way is made again.
    const records = starter.advisories.length;
    await saveFeedState(db, {
      feed: starterFeed,
      location: 'starter knowledge base',
      records,
      retrievedAt: new Date(starter.madeAt),
      sha256,
    });
    log.info({ records, madeAt: starter.madeAt, at: clock() }, 'the starter knowledge base is in use');
  }

  /** Null for a starter that cannot be used, which must not keep a platform from its other knowledge. */
  async #readStarter(path: string, packed: Buffer): Promise<StarterKnowledge | null> {
    const { db, log } = this.#context;
    try {
      const { bytes } = await unpack(path, packed, starterLimits.textChars);
      return readStarter(bytes.toString('utf8'));
    } catch (error) {
      if (!(error instanceof FeedError || error instanceof FeedFetchError)) throw error;
      log.error({ code: error.code, reason: error.message }, 'the starter knowledge base cannot be used');
      await saveFeedProblem(db, starterFeed, error.message);
      return null;
    }
  }

  async #refresh(): Promise<RefreshResult> {
    const dispatcher = feedDispatcher(this.#context.config);
    try {
      return await this.#refreshThrough(dispatcher);
    } finally {
      await dispatcher.destroy();
    }
  }

  async #refreshThrough(dispatcher: Dispatcher): Promise<RefreshResult> {
    const { config, db, log } = this.#context;
    const problems: string[] = [];
    let succeeded = 0;
    const cves = await this.#knownCves();
    for (const feed of feeds) {
      if (this.#stop.signal.aborted) break;
      // Databases of other ecosystems than the fleet's are large; they come by the offline directory.
      if (feed.onDemand && config.feedDirectory === null) continue;
      try {
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(feedTimeoutMs)]);
        const fetched =
          config.feedDirectory === null
            ? await fetchFeed(feed, config.feedMirror, { dispatcher, signal })
            : await readFeedDirectory(config.feedDirectory, feed);
        if (!fetched) continue;
        await this.#take(feed, fetched, cves);
        succeeded += 1;
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        if (!(error instanceof FeedError || error instanceof FeedFetchError)) throw error;
        problems.push(`${feed.name}: ${error.message}`);
        log.warn(
          { feed: feed.name, code: error.code, reason: error.message },
          'a feed brought nothing; its earlier knowledge stays',
        );
        await saveFeedProblem(db, feed.name, error.message);
      }
    }
    if (succeeded > 0) await this.#import();
    return { succeeded, problems };
  }

  /** Parses and keeps one feed, and adds the vulnerabilities its advisories name to the known ones. Throws FeedError, FeedFetchError. */
  async #take(feed: Feed, fetched: FetchedFeed, cves: Set<string>): Promise<void> {
    const { db, clock } = this.#context;
    const last = await db.selectFrom('feedState').selectAll().where('feed', '=', feed.name).executeTakeFirst();
    const facts = feed.parse(fetched.files, { cves });
    const shrunk = last?.retrievedAt ? shrinkageProblem(last.records, facts.records) : null;
    if (shrunk !== null) throw new FeedFetchError('DAMAGED', shrunk);
    await saveInput(db, feed.name, facts);
    const { location, sha256 } = fetched;
    await saveFeedState(db, { feed: feed.name, location, sha256, records: facts.records, retrievedAt: clock() });
    for (const { vulnerabilities } of facts.advisories) for (const cve of vulnerabilities) cves.add(cve);
  }

  /** Vulnerabilities that some advisory names: facts about others would only take room. */
  async #knownCves(): Promise<Set<string>> {
    const inputs = await loadInputs(this.#context.db, [starterFeed, ...feeds.map(({ name }) => name)]);
    return new Set(inputs.flatMap(({ advisories }) => advisories.flatMap(({ vulnerabilities }) => vulnerabilities)));
  }

  async #import(): Promise<void> {
    const { db, log, clock } = this.#context;
    const names = feeds.map(({ name }) => name);
    const [starter] = await loadInputs(db, [starterFeed]);
    const inputs = await loadInputs(db, names);
    const rows = await db.selectFrom('knowledgeInput').select('feed').where('feed', '<>', starterFeed).execute();
    const fetched = new Set(rows.map(({ feed }) => feed));
    if (starter) {
      // A fetched feed is complete: what it no longer holds was withdrawn, and must not live on in the starter.
      inputs.unshift({ ...starter, advisories: starter.advisories.filter(({ feed }) => !fetched.has(feed)) });
    }
    const result = await importKnowledge(db, mergeKnowledge(inputs), { at: clock(), starter: fetched.size === 0 });
    log.info(result, 'the knowledge base was imported');
  }
}
