import { RoaringBitmap32 } from 'roaring-wasm';
import { AssetPackages } from './asset-packages.ts';
import { AssetTable, type IndexedAsset } from './asset-table.ts';
import { CheckDetections, type Found } from './check-detections.ts';
import { Deepening } from './deepening.ts';
import { type Excepted, nothingExcepted } from './excepted.ts';
import {
  type AssetHistory,
  came,
  deriveHistories,
  type FoundState,
  movesOf,
  presentVersions,
  statesOf,
  went,
} from './detection-history.ts';
import { PendingCounts } from './pending-counts.ts';
import { RecentRemovals } from './recent-removals.ts';
import { TransitionLog } from './transition-log.ts';
import type { VerdictBook } from './verdict-book.ts';

/** One entry of an asset's history. */
export interface IndexedChange {
  readonly at: number;
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Verdicts of a check that changed: on which package versions, and whether some ended. */
export interface CheckChange {
  readonly place: number;
  readonly packageVersions: ReadonlySet<number>;
  readonly ended: boolean;
}

/** When verdicts began or ended. Late: what had to be told at that time was told before, by a knowledge version as old or newer. */
export interface ChangeTime {
  readonly at: number;
  readonly isLate: boolean;
}

/** What an index of some of the assets has of its own. */
export type IndexParts = Pick<OrganizationIndex, 'table' | 'packages' | 'log'>;
/** Assets by package versions: many checks are about the same ones. */
type Memory = Map<string, RoaringBitmap32>;

interface JudgeScope extends CheckChange {
  readonly memory: Memory;
}

interface Counted {
  readonly from: FoundState;
  readonly to: FoundState;
  readonly counts: PendingCounts;
}

type Visit = (assets: RoaringBitmap32, from: FoundState, to: FoundState) => void;

/** How far back the index knows from the start when detections came and went, and what every question about time can be asked for. */
export const windowMs = 31 * 24 * 3600 * 1000;
/** How far back it knows them after a while; see Deepening. Older questions go to the histories. */
const deepMs = 400 * 24 * 3600 * 1000;
const hourMs = 3600 * 1000;
const dayMs = 24 * hourMs;
/** Each may have a bit for every asset. */
const maxRemembered = 100;
const states = [0, 1, 2] as const;

/**
 * The fleet index of one organization: which asset has what, where each check is found, and when that came and went in the last weeks.
 * A function of the two histories, kept in step with them by differences. Where a difference alone does not tell the times (two changes
 * at one moment, knowledge that is older than the packages it speaks of) it asks for the asset's history to be read again.
 */
export class OrganizationIndex {
  readonly book: VerdictBook;
  readonly table: AssetTable;
  readonly packages: AssetPackages;
  readonly log: TransitionLog;
  /** When package versions, in place of checks, came to assets and went after these came, since `since`. */
  readonly packageLog = new TransitionLog();
  /** By the check's place in the book; what was never found has none. */
  readonly checks: (CheckDetections | undefined)[] = [];
  /** Since when what was found at a moment is quickly said: by undoing what came since. Infinite where nothing is known of times. */
  since: number;
  /** Where the log begins: not after `since`. */
  deepSince: number;
  /** Newest time of any change. */
  newest = 0;
  /** Other after every change. */
  revision = 0;
  #excepted: Excepted = nothingExcepted;
  #deepening: Deepening | null = null;
  readonly #removals = new RecentRemovals();

  constructor(book: VerdictBook, now: number, parts: Partial<IndexParts> = {}) {
    this.book = book;
    this.since = now - windowMs;
    this.deepSince = this.since;
    this.table = parts.table ?? new AssetTable();
    this.packages = parts.packages ?? new AssetPackages();
    this.log = parts.log ?? new TransitionLog();
  }

  /** Of an index of a moment of the past that of now, with the same numbers of assets: what assets are is of now in any case. */
  present: OrganizationIndex = this;

  /** Whether it stands at a moment of the past, its newest. */
  isPast = false;

  /** Open detections that an exception covers. */
  get excepted(): Excepted {
    return this.#excepted;
  }

  /** Says which open detections exceptions cover from now on: they are not counted, and left out of lists that do not ask for them. */
  except(excepted: Excepted): void {
    this.#excepted = excepted;
    this.table.leaveOut(excepted.counts);
  }

  /** How often a check is found now, as more than information or as that, and no exception covers it. */
  countOpen(place: number, confirmed: boolean): number {
    const found = this.checks[place];
    if (!found) return 0;
    const covered = this.#excepted.byPlace.get(place);
    if (!covered) return found.count(confirmed);
    const information = found.information ? covered.andCardinality(found.information) : 0;
    return found.count(confirmed) - (confirmed ? covered.size - information : information);
  }

  /** Enters an asset or its new form, and returns its dense number here. */
  enterAsset(asset: IndexedAsset): number {
    this.revision += 1;
    return this.table.enter(asset);
  }

  /** The moment at which the index stands: its own of the past, now, or the newest thing it knows where a clock is behind. */
  momentFor(now: number): number {
    if (this.isPast) return this.newest;
    return Math.max(now, this.newest, this.book.newest);
  }

  /** Numbers of the checks that are found now, with the number of assets. */
  *assetsByCheck(): IterableIterator<[check: number, assets: number]> {
    for (const [place, found] of this.checks.entries()) {
      const check = this.book.checks[place];
      if (check && found && found.open.size > 0) yield [check.number, found.open.size];
    }
  }

  assetsWith(check: number): number {
    return this.checks[this.book.placeOf(check) ?? -1]?.open.size ?? 0;
  }

  /** First reading of an asset; `judgeFirst` follows when all are there. `log`: where its transitions go. */
  load(asset: number, history: AssetHistory, log: Pick<TransitionLog, 'add'> = this.log): void {
    const { birth, lastChange } = history;
    if (birth === null) return;
    this.table.setTimes(asset, birth, lastChange);
    this.newest = Math.max(this.newest, lastChange);
    this.packages.put(asset, presentVersions(history));
    for (const { packageVersion, ...transition } of movesOf(history, this.since))
      this.packageLog.add(packageVersion, asset, transition);
    for (const { place, wasFixed, wasConfirmed, transitions } of deriveHistories(history, this.book, this.deepSince)) {
      if (wasFixed) {
        const gone = this.#found(place).ownGone();
        gone.wasFixed.add(asset);
        if (!wasConfirmed) gone.doubtful.add(asset);
      }
      for (const transition of transitions) log.add(place, asset, transition);
    }
  }

  /** Computes where these checks are found, after the first reading of all assets. */
  judgeFirst(places: Iterable<number>): void {
    const memory: Memory = new Map();
    const counts = new PendingCounts(this.table);
    const forget = (): void => {
      for (const bitmap of memory.values()) bitmap.dispose();
      memory.clear();
    };
    for (const place of places) {
      if (memory.size >= maxRemembered) forget();
      this.#judgeFirst(place, { memory, counts });
    }
    counts.settle();
    forget();
  }

  #judgeFirst(place: number, { memory, counts }: { memory: Memory; counts: PendingCounts }): void {
    const packageVersions = this.book.packagesOf(place);
    const visit: Visit = (assets, from, to) => this.#count(place, assets, { from, to, counts });
    if (this.book.isMixed(place) || packageVersions.size === 0) return this.#judge(place, { memory }, visit);
    // Many checks are about the same package versions: these differ in nothing.
    const assets = this.#remembered({ packageVersions, memory });
    if (assets.isEmpty && !this.checks[place]) return;
    const { open } = this.#found(place);
    open.orInPlace(assets);
    visit(open, 0, 2);
  }

  /** Reads assets again whose histories the differences did not tell. */
  reload(histories: ReadonlyMap<number, AssetHistory>): void {
    this.revision += 1;
    const assets = new Set(histories.keys());
    this.log.forget(assets);
    this.packageLog.forget(assets);
    const list = [...assets];
    for (const found of this.checks) {
      if (!found) continue;
      if (list.some((asset) => found.wasFixed.has(asset))) {
        const gone = found.ownGone();
        gone.wasFixed.removeMany(list);
        gone.doubtful.removeMany(list);
      }
      for (const asset of list) found.set(asset, 0);
    }
    for (const [asset, history] of histories) {
      this.packages.put(asset, nothing);
      this.table.setTimes(asset, 0, 0);
      this.table.clearCounts(asset);
      this.load(asset, history);
      for (const [place, state] of statesOf(this.packages.idsOf(asset), this.book)) this.#setState(place, asset, state);
    }
    this.#deepening?.reload(histories);
  }

  /** Takes one change of an asset's packages. False: read the asset's history again. */
  change(asset: number, { at, added, removed }: IndexedChange): boolean {
    this.revision += 1;
    const before = this.table.lastChange(asset);
    const isBirth = before === 0 || at === this.table.birth(asset);
    this.table.setTimes(asset, before === 0 ? at : this.table.birth(asset), Math.max(before, at));
    this.newest = Math.max(this.newest, at);
    const ids = [...new Set([...added, ...removed])];
    const had = ids.map((id) => this.packages.has(asset, id));
    this.packages.change(asset, added, removed);
    if (!isBirth && at >= this.since) {
      for (const [number, id] of ids.entries()) {
        const has = this.packages.has(asset, id);
        if (has !== had[number]) this.packageLog.add(id, asset, has ? { at, ...came } : { at, ...went });
      }
    }
    for (const packageVersion of removed) this.#removals.add(packageVersion, { at, asset });
    const affected = new Set<number>();
    for (const id of ids) for (const { place } of this.book.verdictsOn(id)) affected.add(place);
    if (affected.size === 0) return true;
    const after = statesOf(this.packages.idsOf(asset), this.book, affected);
    let isTold = at > this.book.newest && (isBirth || at > before);
    for (const place of affected) isTold = this.#move(place, asset, { at, isBirth, to: after.get(place) ?? 0 }) && isTold;
    return isTold;
  }

  /**
   * Judges checks again after verdicts on these package versions changed; null where they did at several times. Returns the assets
   * whose histories have to be read again. What `counts` gathers is the caller's to settle before anything is asked of the index.
   */
  judge(changes: Iterable<CheckChange>, time: ChangeTime | null, counts: PendingCounts): Set<number> {
    this.revision += 1;
    const unclear = new Set<number>();
    const memory: Memory = new Map();
    for (const change of changes) {
      const { place } = change;
      const scope = { ...change, memory };
      this.#judge(place, scope, (assets, from, to) => {
        this.#count(place, assets, { from, to, counts });
        // The usual case: all that was known of any asset is older than this knowledge.
        const isTold = time !== null && !time.isLate && time.at > this.newest && !(from === 1 && to === 0);
        const told = new RoaringBitmap32(assets);
        for (const asset of isTold ? [] : assets.toUint32Array()) {
          const clarity = from === 1 && to === 0 ? 'unclear' : this.#clarity(asset, time);
          if (clarity !== 'told') told.delete(asset);
          if (clarity === 'unclear') unclear.add(asset);
        }
        if (time) this.#logMany(place, told, { at: time.at, from, to });
        told.dispose();
      });
      for (const asset of this.#withPast(scope, time)) unclear.add(asset);
    }
    for (const bitmap of memory.values()) bitmap.dispose();
    return unclear;
  }

  /** A check has a new form: moves the counts of its detections where its severity is another. */
  changeSeverity(place: number, from: number, to: number): void {
    this.revision += 1;
    const found = this.checks[place];
    if (!found || from === to) return;
    this.revision += 1;
    for (const asset of found.open.toUint32Array()) {
      if (found.stateOf(asset) === 2) this.table.count(asset, from, -1).count(asset, to, 1);
    }
  }

  /** Gives up what left the window. */
  forget(now: number): void {
    if (now - windowMs < this.since + hourMs) return;
    this.since = now - windowMs;
    this.deepSince = Math.max(this.deepSince, now - deepMs);
    this.log.forgetBefore(this.deepSince);
    this.packageLog.forgetBefore(this.since);
  }

  /** Begins to read further back, or goes on with it; null where the log is as long as it gets. */
  deepen(now: number): Deepening | null {
    if (this.#deepening) return this.#deepening;
    if (this.deepSince < now - deepMs + dayMs) return null;
    this.log.forgetBefore(this.deepSince);
    return (this.#deepening = new Deepening(this, now - deepMs));
  }

  /** Takes over what was read further back. */
  endDeepening(): void {
    if (!this.#deepening) return;
    this.revision += 1;
    this.log.absorb(this.#deepening.end());
    this.deepSince = this.#deepening.since;
    this.#deepening = null;
  }

  dispose(): void {
    this.#deepening?.dispose();
    this.packages.dispose();
    this.log.dispose();
    this.packageLog.dispose();
    this.table.dispose();
    for (const found of this.checks) found?.dispose();
  }

  /** Assets that have or lately had one of these, where a verdict tells of a time before their last change. */
  *#withPast(change: JudgeScope, time: ChangeTime | null): Iterable<number> {
    for (const packageVersion of change.packageVersions) yield* this.#removals.since(packageVersion, time?.at ?? 0);
    if (time && !time.isLate && time.at > this.newest) return;
    for (const asset of this.#remembered(change).toUint32Array()) {
      if (this.#clarity(asset, time) === 'unclear') yield asset;
    }
  }

  /**
   * What a verdict of that time tells of an asset's history. told: a transition at that time. silent: nothing, because all its packages came
   * at once and not before; what is found is found since then, what is not never was.
   */
  #clarity(asset: number, time: ChangeTime | null): 'told' | 'silent' | 'unclear' {
    if (!time) return 'unclear';
    const last = this.table.lastChange(asset);
    if (last < time.at && !time.isLate) return 'told';
    return last >= time.at && last === this.table.birth(asset) ? 'silent' : 'unclear';
  }

  #found(place: number): CheckDetections {
    return (this.checks[place] ??= new CheckDetections());
  }

  /** False: the times are not told by this change alone. */
  #move(place: number, asset: number, { at, isBirth, to }: { at: number; isBirth: boolean; to: FoundState }): boolean {
    const from = this.checks[place]?.stateOf(asset) ?? 0;
    if (from === to) return true;
    this.#setState(place, asset, to);
    if (isBirth) return true;
    const found = this.#found(place);
    const first = (from === 0 || to === 0) && !found.wasFixed.has(asset);
    if (this.#reachesTo(at)) this.log.add(place, asset, { at, from, to, first });
    if (to === 0) {
      const gone = found.ownGone();
      gone.wasFixed.add(asset);
      gone.doubtful.delete(asset);
    }
    return !(from === 1 && to === 0);
  }

  #setState(place: number, asset: number, to: FoundState): void {
    const from = this.checks[place]?.stateOf(asset) ?? 0;
    if (from === to) return;
    this.#found(place).set(asset, to);
    this.#countOne(place, asset, { from, to });
  }

  /** Brings one check up to date and visits what changed, grouped by the change. */
  #judge(place: number, change: JudgeScope | { readonly memory: Memory }, visit: Visit): void {
    if (this.book.packagesOf(place).size === 0 && !this.checks[place]) return;
    const { open, information } = this.#judged(place, change);
    if (open.isEmpty && !this.checks[place]) {
      open.dispose();
      return;
    }
    const found = this.#found(place);
    if (!information && !found.information) {
      const [came, went] = [RoaringBitmap32.andNot(open, found.open), RoaringBitmap32.andNot(found.open, open)];
      if (!came.isEmpty) visit(came, 0, 2);
      if (!went.isEmpty) visit(went, 2, 0);
      came.dispose();
      went.dispose();
    } else visitMoved(found, { open, information }, visit);
    found.replace({ open, information });
  }

  #judged(place: number, change: JudgeScope | { readonly memory: Memory }): Found {
    const found = this.checks[place];
    const { memory } = change;
    // Verdicts that only came add assets; a new kernel must not cost a look at all kernels.
    if ('ended' in change && !change.ended && found && !this.book.isMixed(place)) {
      const open = new RoaringBitmap32(found.open);
      open.orInPlace(this.#remembered(change));
      return { open, information: null };
    }
    const packageVersions = this.book.packagesOf(place);
    const open = new RoaringBitmap32(this.#remembered({ packageVersions, memory }));
    if (!this.book.isMixed(place)) return { open, information: null };
    const sure = this.#remembered({ packageVersions: this.book.surePackagesOf(place), memory });
    return { open, information: RoaringBitmap32.andNot(open, sure) };
  }

  #remembered({ packageVersions, memory }: Pick<JudgeScope, 'packageVersions' | 'memory'>): RoaringBitmap32 {
    const key = [...packageVersions].join();
    const known = memory.get(key) ?? this.packages.assetsWithAny(packageVersions);
    memory.set(key, known);
    return known;
  }

  #logMany(place: number, assets: RoaringBitmap32, { at, from, to }: { at: number; from: FoundState; to: FoundState }): void {
    if (assets.isEmpty) return;
    const found = this.#found(place);
    if (this.#reachesTo(at)) {
      const isEdge = from === 0 || to === 0;
      const again = isEdge ? RoaringBitmap32.and(assets, found.wasFixed) : new RoaringBitmap32();
      const rest = RoaringBitmap32.andNot(assets, again);
      if (!rest.isEmpty) this.log.addMany(place, rest, { at, from, to, first: isEdge });
      if (!again.isEmpty) this.log.addMany(place, again, { at, from, to, first: false });
    }
    if (to !== 0) return;
    const gone = found.ownGone();
    gone.wasFixed.orInPlace(assets);
    gone.doubtful.andNotInPlace(assets);
  }

  /** Whether the log reaches back to a moment. Where it does not, what is being read of that time may miss what happens: it begins anew. */
  #reachesTo(at: number): boolean {
    if (at >= this.deepSince) return true;
    this.#deepening?.dispose();
    this.#deepening = null;
    return false;
  }

  #count(place: number, assets: RoaringBitmap32, { from, to, counts }: Counted): void {
    const severity = this.book.checks[place]?.severity ?? 1;
    if (from !== 0) counts.add(assets, from === 2 ? severity : 1, -1);
    if (to !== 0) counts.add(assets, to === 2 ? severity : 1, 1);
  }

  #countOne(place: number, asset: number, { from, to }: { from: FoundState; to: FoundState }): void {
    const severity = this.book.checks[place]?.severity ?? 1;
    if (from !== 0) this.table.count(asset, from === 2 ? severity : 1, -1);
    if (to !== 0) this.table.count(asset, to === 2 ? severity : 1, 1);
  }
}

const nothing = new Uint32Array(0);

function visitMoved(old: Found, fresh: Found, visit: Visit): void {
  for (const from of states) {
    for (const to of states) {
      if (from === to) continue;
      const [before, after] = [part(old, from), part(fresh, to)];
      // Not found is the rest of all: what is found is taken away instead.
      const moved = after ? new RoaringBitmap32(after) : new RoaringBitmap32(before);
      if (before && after) moved.andInPlace(before);
      else moved.andNotInPlace(before ? fresh.open : old.open);
      if (!moved.isEmpty) visit(moved, from, to);
      for (const bitmap of [before, after, moved]) bitmap?.dispose();
    }
  }
}

/** The assets in a state; null for "not found", which is not kept. */
function part({ open, information }: Found, state: FoundState): RoaringBitmap32 | null {
  if (state === 0) return null;
  if (state === 1) return information ? new RoaringBitmap32(information) : new RoaringBitmap32();
  return information ? RoaringBitmap32.andNot(open, information) : new RoaringBitmap32(open);
}
