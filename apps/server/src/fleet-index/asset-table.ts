import { RoaringBitmap32 } from 'roaring-wasm';
import { BornAssets } from './born-assets.ts';

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
  readonly assets: IndexedAsset[];
  readonly all = new RoaringBitmap32();
  /** Of the past that of now, which may know others, too. */
  #byNumber = new Map<number, number>();
  /** Made by the first question for it. */
  #byId: Map<string, number> | null = null;
  readonly #kinds = new Map<string, { kind: AssetKind; assets: number }>();
  #isInNumberOrder = true;
  #birth = new Float64Array(64);
  #lastChange = new Float64Array(64);
  #counts = new Int32Array(64 * severityCount);
  /** What is still to be done to them. */
  #toSettle: (() => void) | null = null;
  /** Of these, not to be counted. */
  #leftOut: Int32Array | null = null;

  constructor(assets: IndexedAsset[] = []) {
    this.assets = assets;
  }

  enter(asset: IndexedAsset): number {
    const known = this.#byNumber.get(asset.number);
    const before = this.assets[known ?? -1];
    if (before) this.#countKind(before, -1);
    this.#countKind(asset, 1);
    if (known !== undefined) {
      this.assets[known] = asset;
      return known;
    }
    const dense = this.assets.length;
    this.#isInNumberOrder &&= asset.number > (this.assets[dense - 1]?.number ?? -1);
    this.assets.push(asset);
    this.#byNumber.set(asset.number, dense);
    this.#byId?.set(asset.assetId, dense);
    this.all.add(dense);
    if (dense === this.#birth.length) this.#grow();
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

  /** The dense number of what the database calls so. */
  find(number: number): number | undefined {
    const dense = this.#byNumber.get(number);
    return dense !== undefined && dense < this.assets.length ? dense : undefined;
  }

  /** The dense number of the asset with this id. */
  findId(assetId: string): number | undefined {
    this.#byId ??= new Map(this.assets.map((asset, dense) => [asset.assetId, dense]));
    return this.#byId.get(assetId);
  }

  setTimes(asset: number, birth: number, lastChange: number): void {
    this.#birth[asset] = birth;
    this.#lastChange[asset] = lastChange;
  }

  /** Time of the first package change in ms since 1970; 0 before. */
  birth(asset: number): number {
    return this.#birth[asset] ?? 0;
  }

  lastChange(asset: number): number {
    return this.#lastChange[asset] ?? 0;
  }

  /** A new bitmap of the assets whose packages are known since this moment or later; the caller disposes it. */
  bornSince(moment: number): RoaringBitmap32 {
    const born = new Uint32Array(this.assets.length);
    let count = 0;
    for (let asset = 0; asset < born.length; asset += 1) if ((this.#birth[asset] ?? 0) >= moment) born[count++] = asset;
    return new RoaringBitmap32(born.subarray(0, count));
  }

  /** The assets that were there at this moment: those whose packages were known by then. Dispose it. */
  bornBy(moment: number): BornAssets {
    return new BornAssets(this.#birth.subarray(0, this.assets.length), moment);
  }

  /** A new bitmap of the assets that fit; the caller disposes it. */
  where(fits: (asset: IndexedAsset) => boolean): RoaringBitmap32 {
    const found: number[] = [];
    for (const [dense, asset] of this.assets.entries()) if (fits(asset)) found.push(dense);
    return new RoaringBitmap32(found);
  }

  count(asset: number, severity: number, change: number): this {
    const index = asset * severityCount + severity - 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + change;
    return this;
  }

  /** The same change for many assets. */
  countMany(assets: Uint32Array, severity: number, change: number): void {
    const counts = this.#counts;
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
    return this.#counts[asset * severityCount + severity - 1] ?? 0;
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
    const found = this.#counts;
    const leftOut = what === 'open' ? this.#leftOut : null;
    for (let asset = 0; asset < this.assets.length; asset += 1) {
      const birth = this.#birth[asset] ?? 0;
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
    const past = new AssetTable(this.assets.slice());
    past.all.orInPlace(this.all);
    past.#byNumber = this.#byNumber;
    for (const [key, { kind, assets }] of this.#kinds) past.#kinds.set(key, { kind, assets });
    past.#isInNumberOrder = this.#isInNumberOrder;
    const [births, lastChanges, counts] = [this.#birth.slice(), this.#lastChange.slice(), this.#counts.slice()];
    [past.#birth, past.#lastChange, past.#counts] = [births, lastChanges, counts];
    for (let asset = 0; asset < past.assets.length; asset += 1) {
      const birth = births[asset] ?? 0;
      if (birth > 0 && birth <= moment) {
        if ((lastChanges[asset] ?? 0) > moment) lastChanges[asset] = moment;
        continue;
      }
      [births[asset], lastChanges[asset]] = [Number.POSITIVE_INFINITY, 0];
      past.clearCounts(asset);
    }
    return past;
  }

  /** Has this done to the counts before the next question for one. */
  settleLater(settle: () => void): void {
    this.#toSettle = settle;
  }

  #settle(): void {
    const settle = this.#toSettle;
    this.#toSettle = null;
    settle?.();
  }

  clearCounts(asset: number): void {
    for (let at = asset * severityCount; at < (asset + 1) * severityCount; at += 1) this.#counts[at] = 0;
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
    const length = this.#birth.length * 2;
    const [birth, lastChange, counts] = [
      new Float64Array(length),
      new Float64Array(length),
      new Int32Array(length * severityCount),
    ];
    birth.set(this.#birth);
    lastChange.set(this.#lastChange);
    counts.set(this.#counts);
    [this.#birth, this.#lastChange, this.#counts] = [birth, lastChange, counts];
  }
}
