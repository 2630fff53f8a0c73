import { RoaringBitmap32 } from 'roaring-wasm';
import { BornAssets } from './born-assets.ts';
import { CopyOnWrite } from './copy-on-write.ts';

/** What of an asset the index filters, sorts and groups by. */
export interface IndexedAsset {
  /** As the database counts assets. */
  readonly number: number;
  readonly assetId: string;
  readonly hostname: string;
  readonly os: string;
  readonly ecosystem: string;
  readonly release: string;
  readonly architecture: string;
  readonly pendingRestart: boolean;
  /** When it was enrolled, in ms since 1970. */
  readonly firstSeen: number;
  /** Of its newest agent; null where it has none. */
  readonly agentVersion: string | null;
  /** Whether its newest agent was heard of since it enrolled. */
  readonly hasCheckedIn: boolean;
}

/** What knowledge is asked by. */
export type AssetKind = Pick<IndexedAsset, 'ecosystem' | 'release'>;

export const severityCount = 5;

/** The assets of an organization under dense numbers, with their times and counts of open detections. */
export class AssetTable {
  #assets = new CopyOnWrite<IndexedAsset[]>([], (assets) => [...assets]);
  /** What came later has come never. */
  #moment = Number.POSITIVE_INFINITY;
  readonly all = new RoaringBitmap32();
  /** Of the past that of now, which may know others, too. */
  #byNumber = new Map<number, number>();
  /** The same; made by the first question for it. */
  #byId: Map<string, number> | null = null;
  readonly #kinds = new Map<string, { kind: AssetKind; assets: number }>();
  #isInNumberOrder = true;
  #birth = new CopyOnWrite(new Float64Array(64), (times) => times.slice());
  #lastChange = new CopyOnWrite(new Float64Array(64), (times) => times.slice());
  #counts = new CopyOnWrite(new Int32Array(64 * severityCount), (counts) => counts.slice());
  /** What is still to be done to them. */
  #toSettle: (() => void) | null = null;
  /** Of these, not to be counted. */
  #leftOut: Int32Array | null = null;

  /** By their dense numbers. */
  get assets(): readonly IndexedAsset[] {
    return this.#assets.value;
  }

  enter(asset: IndexedAsset): number {
    const known = this.#byNumber.get(asset.number);
    const before = this.assets[known ?? -1];
    if (before) this.#countKind(before, -1);
    this.#countKind(asset, 1);
    if (known !== undefined) {
      this.#assets.own[known] = asset;
      return known;
    }
    const dense = this.assets.length;
    this.#isInNumberOrder &&= asset.number > (this.assets[dense - 1]?.number ?? -1);
    this.#assets.own.push(asset);
    this.#byNumber.set(asset.number, dense);
    this.#byId?.set(asset.assetId, dense);
    this.all.add(dense);
    if (dense === this.#birth.value.length) this.#grow();
    return dense;
  }

  /** Every kind of asset there is. */
  get kinds(): AssetKind[] {
    return [...this.#kinds.values()].flatMap(({ kind, assets }) => (assets > 0 ? [kind] : []));
  }

  /** Whether dense numbers are in the order of those of the database. */
  get isInNumberOrder(): boolean {
    return this.#isInNumberOrder;
  }

  get #isPast(): boolean {
    return this.#moment !== Number.POSITIVE_INFINITY;
  }

  /** The dense number of what the database calls so. */
  find(number: number): number | undefined {
    const dense = this.#byNumber.get(number);
    return dense !== undefined && dense < this.assets.length ? dense : undefined;
  }

  /** The dense number of the asset with this id. */
  findId(assetId: string): number | undefined {
    this.#byId ??= new Map(this.assets.map((asset, dense) => [asset.assetId, dense]));
    const dense = this.#byId.get(assetId);
    return dense !== undefined && dense < this.assets.length ? dense : undefined;
  }

  setTimes(asset: number, birth: number, lastChange: number): void {
    this.#birth.own[asset] = birth;
    this.#lastChange.own[asset] = lastChange;
  }

  /** Time of the first package change in ms since 1970; 0 before, and in the past Infinity for what came later or never. */
  birth(asset: number): number {
    const birth = this.#birth.value[asset] ?? 0;
    if (!this.#isPast) return birth;
    return birth > 0 && birth <= this.#moment ? birth : Number.POSITIVE_INFINITY;
  }

  lastChange(asset: number): number {
    const last = Math.min(this.#lastChange.value[asset] ?? 0, this.#moment);
    return this.birth(asset) === Number.POSITIVE_INFINITY ? 0 : last;
  }

  /** A new bitmap of the assets whose packages are known since this moment or later; the caller disposes it. */
  bornSince(moment: number): RoaringBitmap32 {
    const born = new Uint32Array(this.assets.length);
    let count = 0;
    for (let asset = 0; asset < born.length; asset += 1) if (this.birth(asset) >= moment) born[count++] = asset;
    return new RoaringBitmap32(born.subarray(0, count));
  }

  /** The assets that were there at this moment: those whose packages were known by then. Dispose it. */
  bornBy(moment: number): BornAssets {
    const births = this.#birth.value.subarray(0, this.assets.length);
    return this.#isPast
      ? new BornAssets(births, Math.min(moment, this.#moment), Number.MIN_VALUE)
      : new BornAssets(births, moment);
  }

  /** A new bitmap of the assets that fit; the caller disposes it. */
  where(fits: (asset: IndexedAsset) => boolean): RoaringBitmap32 {
    const found: number[] = [];
    for (const [dense, asset] of this.assets.entries()) if (fits(asset)) found.push(dense);
    return new RoaringBitmap32(found);
  }

  count(asset: number, severity: number, change: number): this {
    const index = asset * severityCount + severity - 1;
    const counts = this.#counts.own;
    counts[index] = (counts[index] ?? 0) + change;
    return this;
  }

  /** The same change for many assets. */
  countMany(assets: Uint32Array, severity: number, change: number): void {
    const counts = this.#counts.own;
    for (const asset of assets) {
      const index = asset * severityCount + severity - 1;
      counts[index] = (counts[index] ?? 0) + change;
    }
  }

  /** Counts as `countOf` has them, asset by asset, not to be counted from now on; null for none. */
  leaveOut(counts: Int32Array | null): void {
    this.#leftOut = counts;
  }

  /** Open detections of a severity, without those that are left out. */
  countOf(asset: number, severity: number): number {
    return this.countFound(asset, severity) - (this.#leftOut?.[asset * severityCount + severity - 1] ?? 0);
  }

  /** Open detections of a severity, whatever is left out. */
  countFound(asset: number, severity: number): number {
    if (this.#toSettle) this.#settle();
    return this.#counts.value[asset * severityCount + severity - 1] ?? 0;
  }

  /** Open detections of all assets, by severity, 1 to 5 at 0 to 4; or all that is found, whatever is left out. */
  countAll(what: 'open' | 'found' = 'open'): number[] {
    return this.countBornBy([Number.POSITIVE_INFINITY], what)[0] ?? [];
  }

  /** Open detections of each asset, of whatever severity. */
  countEach(): Float64Array {
    const counts = new Float64Array(this.assets.length);
    for (let asset = 0; asset < counts.length; asset += 1) {
      let open = 0;
      for (let severity = 1; severity <= severityCount; severity += 1) open += this.countOf(asset, severity);
      counts[asset] = open;
    }
    return counts;
  }

  /** Open detections of the assets that were there at each of these moments, which ascend, by severity; or all that is found, whatever is left out. */
  countBornBy(moments: readonly number[], what: 'open' | 'found' = 'open'): number[][] {
    if (this.#toSettle) this.#settle();
    const counts = new Float64Array(moments.length * severityCount);
    const [births, found] = [this.#birth.value, this.#counts.value];
    const leftOut = what === 'open' ? this.#leftOut : null;
    for (let asset = 0; asset < this.assets.length; asset += 1) {
      const birth = births[asset] ?? 0;
      if (this.#isPast && (birth === 0 || birth > this.#moment)) continue;
      let moment = 0;
      while (moment < moments.length && birth > (moments[moment] ?? 0)) moment += 1;
      if (moment === moments.length) continue;
      for (let at = 0; at < severityCount; at += 1) {
        const own = asset * severityCount + at;
        const to = moment * severityCount + at;
        counts[to] = (counts[to] ?? 0) + (found[own] ?? 0) - (leftOut?.[own] ?? 0);
      }
    }
    // So far each moment has those that came since the one before.
    for (let at = severityCount; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) + (counts[at - severityCount] ?? 0);
    return moments.map((_, moment) => [...counts.subarray(moment * severityCount, (moment + 1) * severityCount)]);
  }

  /**
   * The same assets under the same numbers, with the times known at a moment, and the counts of now of those that were there. What came later
   * has come never.
   */
  at(moment: number): AssetTable {
    const past = new AssetTable();
    past.#moment = moment;
    past.#assets = this.#assets.copy();
    past.all.orInPlace(this.all);
    [past.#byNumber, past.#byId] = [this.#byNumber, this.#byId];
    for (const [key, { kind, assets }] of this.#kinds) past.#kinds.set(key, { kind, assets });
    past.#isInNumberOrder = this.#isInNumberOrder;
    [past.#birth, past.#lastChange, past.#counts] = [this.#birth.copy(), this.#lastChange.copy(), this.#counts.copy()];
    past.settleLater(() => {
      for (let asset = 0; asset < past.assets.length; asset += 1)
        if (past.birth(asset) === Number.POSITIVE_INFINITY) past.clearCounts(asset);
    });
    return past;
  }

  /** Has this done to the counts before the next question for one, after what is still to be done. */
  settleLater(settle: () => void): void {
    const before = this.#toSettle;
    this.#toSettle = () => {
      before?.();
      settle();
    };
  }

  #settle(): void {
    const settle = this.#toSettle;
    this.#toSettle = null;
    settle?.();
  }

  clearCounts(asset: number): void {
    const counts = this.#counts.own;
    for (let at = asset * severityCount; at < (asset + 1) * severityCount; at += 1) counts[at] = 0;
  }

  dispose(): void {
    this.all.dispose();
  }

  #countKind({ ecosystem, release }: AssetKind, change: number): void {
    const key = `${ecosystem} ${release}`;
    const known = this.#kinds.get(key) ?? { kind: { ecosystem, release }, assets: 0 };
    known.assets += change;
    this.#kinds.set(key, known);
  }

  #grow(): void {
    const length = this.#birth.value.length * 2;
    const [birth, lastChange, counts] = [
      new Float64Array(length),
      new Float64Array(length),
      new Int32Array(length * severityCount),
    ];
    birth.set(this.#birth.value);
    lastChange.set(this.#lastChange.value);
    counts.set(this.#counts.value);
    this.#birth.replace(birth);
    this.#lastChange.replace(lastChange);
    this.#counts.replace(counts);
  }
}
