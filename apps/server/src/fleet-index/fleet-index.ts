import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import type { Logger } from 'pino';
import { currentScope, outsideScope } from '../db/asset-scope.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { type Excepted, nothingExcepted } from './excepted.ts';
import { applyChanges, type Moment } from './apply-changes.ts';
import { buildBook, buildOrganization } from './index-builder.ts';
import { NarrowIndexes } from './narrow-indexes.ts';
import { OrganizationIndex } from './organization-index.ts';
import { PackageNames } from './package-names.ts';
import { PastIndexes } from './past-indexes.ts';
import type { Cursor } from './cursor.ts';
import { lookAhead, readCursor } from './read-changes.ts';
import { SoftwareVersions } from './software-versions.ts';
import type { VerdictBook } from './verdict-book.ts';
import { type VerifiedPage, verifyPage } from './verify-page.ts';
import { differingPages, mendVerdicts } from './verify-verdicts.ts';

export interface FleetIndexOptions {
  readonly db: Kysely<Database>;
  readonly log: Logger;
  readonly clock: () => Date;
  /**
   * Asks which open detections exceptions cover, or covered at a moment of the past; null where there are none. Nothing is covered where it
   * is left out.
   */
  readonly excepted?: (
    organizationId: string,
    past?: Date,
  ) => Promise<((index: OrganizationIndex, past?: OrganizationIndex) => Excepted) | null>;
}

export interface FleetIndexStatus {
  readonly state: 'building' | 'ready';
  readonly assets: number;
  readonly verdicts: number;
  readonly buildMs: number | null;
  /** Since when it knows of every organization when detections came and went; null while there is none. */
  readonly knownSince: Date | null;
  readonly verifiedAt: Date | null;
  /** Of the verifications since the start. */
  readonly verifiedAssets: number;
  /** Assets that were not as the database says, and were read again. Anything but 0 is a defect of the index. */
  readonly healedAssets: number;
  /** Package versions of which the index knew other verdicts than the database. The same. */
  readonly healedPackages: number;
}

/** What a verification found. */
export interface Verified {
  readonly assets: number;
  readonly healedAssets: number;
  readonly healedPackages: number;
}

/** What has been built, and up to where it knows the database. */
export interface BuiltIndex {
  cursor: Cursor;
  readonly book: VerdictBook;
  readonly organizations: Map<string, OrganizationIndex>;
}

/** The longest that an index follows nothing although nobody asks: a question after a quiet night has little to catch up with. */
const followEveryMs = 500;
const verifyEveryMs = 60 * 60_000;
const deepenEveryMs = 60_000;
/** Reading further back leaves others so many times as long as it takes itself. */
const deepenRest = 2;
/** A question waits so long for an index that is being built, then is told to come again. */
const patienceMs = 5_000;

/**
 * The fleet index of all organizations: a cache of what both histories say of now, rebuilt from PostgreSQL at start and never the only
 * copy. `current` catches up with everything committed before it was called, by whichever process; nobody has to tell the index of
 * changes. A background task follows and verifies.
 */
export class FleetIndex implements AsyncDisposable {
  readonly names = new PackageNames();
  readonly software = new SoftwareVersions();
  readonly #options: FleetIndexOptions;
  readonly #stop = new AbortController();
  readonly #narrow = new NarrowIndexes();
  readonly #past = new PastIndexes();
  #built: BuiltIndex | null = null;
  /** Ends when all that was asked for so far is done. */
  #last: Promise<unknown> = Promise.resolve();
  /** The catching up that has not begun. */
  #waiting: Promise<void> | null = null;
  #background: Promise<void>[] = [];
  #progress = 0;
  #buildMs: number | null = null;
  #verifiedAt: Date | null = null;
  #verified: Verified = { assets: 0, healedAssets: 0, healedPackages: 0 };

  constructor(options: FleetIndexOptions) {
    this.#options = options;
  }

  /** Builds, follows and verifies in the background from now on. */
  start(): void {
    this.#background = [
      this.#repeat(followEveryMs, () => this.#catchUp()),
      this.#repeat(verifyEveryMs, async () => {
        await delay(verifyEveryMs, undefined, { signal: this.#stop.signal, ref: false });
        await this.verify();
      }),
      // At once: until that is done, statuses and trends of months ago take a minute in the histories of a large fleet.
      this.#repeat(deepenEveryMs, () => this.deepen()),
    ];
  }

  get status(): FleetIndexStatus {
    const organizations = [...(this.#built?.organizations.values() ?? [])];
    return {
      state: this.#built ? 'ready' : 'building',
      assets: this.#built ? organizations.reduce((sum, { table }) => sum + table.assets.length, 0) : this.#progress,
      verdicts: this.#built?.book.verdicts ?? 0,
      buildMs: this.#buildMs,
      knownSince: organizations.length > 0 ? new Date(Math.max(...organizations.map(({ deepSince }) => deepSince))) : null,
      verifiedAt: this.#verifiedAt,
      verifiedAssets: this.#verified.assets,
      healedAssets: this.#verified.healedAssets,
      healedPackages: this.#verified.healedPackages,
    };
  }

  /**
   * The index of an organization, holding all that was committed before the call; within an asset scope that of its assets alone. Use it
   * before the next await: it changes under whoever waits. Throws ApiError UNAVAILABLE while it is being built.
   */
  async current(organizationId: string): Promise<OrganizationIndex> {
    const excepted = (await this.#options.excepted?.(organizationId)) ?? null;
    const whole = await outsideScope(() => this.#whole(organizationId));
    const index = this.#withinScope(whole);
    index.except(excepted?.(index) ?? nothingExcepted);
    return index;
  }

  /**
   * The index of an organization as it stood at a moment of the past, of whatever age; see buildPastIndex. `null`: that of now. Use it
   * before the next await, too. Throws ApiError UNAVAILABLE as `current` does. The first question about a moment waits until it is built.
   */
  async at(organizationId: string, moment: Date | null): Promise<OrganizationIndex> {
    if (moment === null) return this.current(organizationId);
    const excepted = (await this.#options.excepted?.(organizationId, moment)) ?? null;
    const current = (): Promise<OrganizationIndex> => this.#whole(organizationId);
    const wish = { db: this.#options.db, organizationId, moment: moment.getTime(), current };
    for (;;) {
      const whole = await outsideScope(current);
      const past = await outsideScope(() => this.#past.of(wish, whole));
      const known = this.#built?.organizations.get(organizationId);
      // Given up or built anew meanwhile, and perhaps with other numbers of assets.
      if (!this.#built || (known && known !== whole)) continue;
      const [now, then] = [this.#withinScope(whole), this.#withinScope(past)];
      then.present = now;
      then.except(excepted?.(now, then) ?? nothingExcepted);
      return then;
    }
  }

  /** Narrowed to what the caller may see. */
  #withinScope(whole: OrganizationIndex): OrganizationIndex {
    const scope = currentScope();
    return scope ? this.#narrow.of(whole, scope) : whole;
  }

  async #whole(organizationId: string): Promise<OrganizationIndex> {
    const patience = new AbortController();
    const late = delay(patienceMs, 'late' as const, { signal: patience.signal, ref: false }).catch(() => 'late' as const);
    const outcome = await Promise.race([this.#catchUp(), late]);
    patience.abort();
    if (outcome === 'late' || !this.#built) {
      const message = `The index of the fleet is being built: ${this.#progress} assets so far.`;
      throw new ApiError('UNAVAILABLE', message, { retryAfterSeconds: 5 });
    }
    const { organizations, book } = this.#built;
    return organizations.get(organizationId) ?? new OrganizationIndex(book, this.#options.clock().getTime());
  }

  /** Compares the index with the database, verdicts first and then assets, page by page, and reads again what differs. */
  async verify(): Promise<Verified> {
    await this.#catchUp();
    const healedPackages = await this.#verifyVerdicts();
    let assets = 0;
    let healedAssets = 0;
    for (const organizationId of this.#built?.organizations.keys() ?? []) {
      for (let after = 0; ;) {
        const page = await this.#verifyPage(organizationId, after, null);
        const again = page.differing.length === 0 ? page : await this.#verifyPage(organizationId, after, new Set(page.differing));
        assets += page.assets;
        healedAssets += again.differing.length;
        if (page.last === null) break;
        after = page.last;
      }
    }
    const { log, clock } = this.#options;
    const found = { assets, healedAssets, healedPackages };
    const before = this.#verified;
    this.#verifiedAt = clock();
    this.#verified = {
      assets: before.assets + assets,
      healedAssets: before.healedAssets + healedAssets,
      healedPackages: before.healedPackages + healedPackages,
    };
    if (healedAssets + healedPackages > 0) log.error(found, 'the fleet index differed from the database and was mended');
    else log.debug(found, 'the fleet index is as the database says');
    return found;
  }

  /** Returns of how many package versions the verdicts differed. */
  async #verifyVerdicts(): Promise<number> {
    const pages = await this.#serial(() => this.#inSnapshot(differingPages));
    if (pages.length === 0) return 0;
    return this.#serial(() => this.#inSnapshot((tx, built) => mendVerdicts(tx, built, { pages, ...this.#moment })));
  }

  #verifyPage(organizationId: string, after: number, suspects: ReadonlySet<number> | null): Promise<VerifiedPage> {
    return this.#serial(() =>
      this.#inSnapshot((tx, { organizations, cursor: until }) =>
        verifyPage(tx, organizations.get(organizationId), { organizationId, after, until, suspects }),
      ),
    );
  }

  get #moment(): Moment {
    return { now: this.#options.clock().getTime(), signal: this.#stop.signal };
  }

  /**
   * Reads what came and went before the window that was built at first, as far back as the index shall know it, beside everything else. At
   * most so many pages of assets of each organization.
   */
  async deepen({ pages = Number.POSITIVE_INFINITY } = {}): Promise<void> {
    await this.#catchUp();
    for (const organizationId of this.#built?.organizations.keys() ?? []) {
      for (let [isMore, left] = [true, pages]; isMore && left > 0; left -= 1) {
        const begin = performance.now();
        isMore = await this.#serial(() => this.#inSnapshot((tx, built) => this.#deepenSome(tx, built, organizationId)));
        const restMs = (performance.now() - begin) * deepenRest;
        if (isMore) await delay(restMs, undefined, { signal: this.#stop.signal, ref: false });
      }
    }
  }

  /** False: that was all. */
  async #deepenSome(
    tx: Transaction<Database>,
    { organizations, cursor: until }: BuiltIndex,
    organizationId: string,
  ): Promise<boolean> {
    const index = organizations.get(organizationId);
    const deepening = index?.deepen(this.#options.clock().getTime());
    if (!index || !deepening) return false;
    if (await deepening.readPage(tx, { organizationId, until })) return true;
    index.endDeepening();
    this.#options.log.debug({ since: new Date(index.deepSince) }, 'the fleet index knows when detections came and went');
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#background, this.#last]);
    this.#discard();
  }

  async #repeat(everyMs: number, task: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await task().catch((error: unknown) => {
        if (!signal.aborted) this.#options.log.error({ err: error }, 'the fleet index could not be brought up to date');
      });
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One at a time, in the order of the calls. */
  #serial<Result>(task: () => Promise<Result>): Promise<Result> {
    const run = this.#last.then(() => {
      this.#stop.signal.throwIfAborted();
      return task();
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Whoever asks while one runs needs one that begins later; all who wait share it. */
  #catchUp(): Promise<void> {
    this.#waiting ??= this.#serial(async () => {
      this.#waiting = null;
      await this.#follow();
    });
    return this.#waiting;
  }

  async #follow(): Promise<void> {
    if (!this.#built) return this.#build();
    const { cursor, news } = await lookAhead(this.#options.db, this.#built.cursor);
    if (Object.values(news).includes(true)) await this.#inSnapshot(async () => undefined);
    else this.#built.cursor = cursor;
  }

  /** Brings the index to the very state that the transaction sees, and then does something in it. */
  async #inSnapshot<Result>(task: (tx: Transaction<Database>, built: BuiltIndex) => Promise<Result>): Promise<Result> {
    return snapshot(this.#options.db, async (tx) => {
      const built = this.#built;
      if (!built) throw new Error('the fleet index is not built');
      const { cursor, news } = await lookAhead(tx, built.cursor);
      try {
        await applyChanges(tx, built, { cursor, news, ...this.#moment });
        return await task(tx, built);
      } catch (error) {
        // Half of the changes may be in: what is known is given up, and built again by whoever asks next.
        this.#discard();
        throw error;
      }
    });
  }

  async #build(): Promise<void> {
    const begin = performance.now();
    this.#progress = 0;
    this.#built = await snapshot(this.#options.db, async (tx) => {
      const cursor = await readCursor(tx);
      const book = await buildBook(tx, cursor);
      const organizations = new Map<string, OrganizationIndex>();
      for (const { id } of await tx.selectFrom('asset').select('organizationId as id').distinct().execute()) {
        const progress = (assets: number) => void (this.#progress += assets);
        const options = { book, organizationId: id, until: cursor, progress, ...this.#moment };
        organizations.set(id, await buildOrganization(tx, options));
      }
      return { cursor, book, organizations };
    });
    this.#buildMs = performance.now() - begin;
    this.#options.log.info({ assets: this.#progress, ms: Math.round(this.#buildMs) }, 'the fleet index is built');
  }

  #discard(): void {
    this.#past.dispose();
    for (const index of this.#built?.organizations.values() ?? []) index.dispose();
    this.#built = null;
  }
}

/** A transaction that sees one state of the database throughout and changes nothing. */
function snapshot<Result>(db: Kysely<Database>, task: (tx: Transaction<Database>) => Promise<Result>): Promise<Result> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(task);
}
