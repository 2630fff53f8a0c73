import { RoaringBitmap32 } from 'roaring-wasm';
import { AssetPackages } from './asset-packages.ts';
import { AssetTable } from './asset-table.ts';
import { CheckDetections } from './check-detections.ts';
import { OrganizationIndex } from './organization-index.ts';
import { type BulkTransition, TransitionLog } from './transition-log.ts';
import { type TransitionColumns, TransitionRun } from './transition-run.ts';

const severities = [1, 2, 3, 4, 5] as const;

/**
 * The index of some assets alone, as if the organization had no others: whatever is asked of it, lists, counts or the past, can say nothing
 * of the rest. It has its own numbers of assets. Use it before the next await, as the index it was made from; dispose it.
 */
export function narrowIndex(whole: OrganizationIndex, assetIds: ReadonlySet<string>): OrganizationIndex {
  const numbers = new AssetNumbers(whole.table, assetIds);
  const narrow = new OrganizationIndex(whole.book, 0, {
    table: numbers.table,
    packages: new NarrowPackages(whole.packages, numbers),
    log: new NarrowLog(whole.log, numbers),
  });
  narrow.since = whole.since;
  narrow.deepSince = whole.deepSince;
  narrow.newest = whole.newest;
  narrow.isPast = whole.isPast;
  // Of the whole: whoever waits for changes is woken too often rather than too seldom.
  narrow.revision = whole.revision;
  for (const [place, found] of whole.checks.entries()) {
    const own = found && narrowDetections(found, numbers);
    if (own) narrow.checks[place] = own;
  }
  return narrow;
}

/** Null where the check never was on one of the assets. */
function narrowDetections(found: CheckDetections, numbers: AssetNumbers): CheckDetections | null {
  const [open, wasFixed] = [numbers.listOf(found.open), numbers.listOf(found.wasFixed)];
  if (open.length === 0 && wasFixed.length === 0) return null;
  const information = found.information ? numbers.listOf(found.information) : [];
  return new CheckDetections(
    { open: new RoaringBitmap32(open), information: information.length > 0 ? new RoaringBitmap32(information) : null },
    { wasFixed: new RoaringBitmap32(wasFixed), doubtful: new RoaringBitmap32(numbers.listOf(found.doubtful)) },
  );
}

/** From the numbers of the whole to those of a part, which are in the same order. */
class AssetNumbers {
  readonly table = new AssetTable();
  readonly #within: RoaringBitmap32;
  readonly #ofWhole: number[] = [];
  /** By the number in the whole, -1 for what is not of the part. */
  readonly #ofPart: Int32Array;

  constructor(whole: AssetTable, assetIds: ReadonlySet<string>) {
    this.#within = whole.where(({ assetId }) => assetIds.has(assetId));
    this.#ofPart = new Int32Array(whole.assets.length).fill(-1);
    for (const asset of this.#within.toUint32Array()) {
      const entry = whole.assets[asset];
      if (!entry) continue;
      const own = this.table.enter(entry);
      this.#ofWhole.push(asset);
      this.#ofPart[asset] = own;
      this.table.setTimes(own, whole.birth(asset), whole.lastChange(asset));
      for (const severity of severities) this.table.count(own, severity, whole.countFound(asset, severity));
    }
  }

  /** -1 for an asset that is not of the part. */
  find(ofWhole: number): number {
    return this.#ofPart[ofWhole] ?? -1;
  }

  inWhole(own: number): number {
    return this.#ofWhole[own] ?? -1;
  }

  /** Own numbers of those of these assets that are of the part. */
  listOf(assets: RoaringBitmap32): number[] {
    const both = RoaringBitmap32.and(assets, this.#within);
    const own = Array.from(both.toUint32Array(), (asset) => this.find(asset));
    both.dispose();
    return own;
  }

  dispose(): void {
    this.#within.dispose();
  }
}

class NarrowPackages extends AssetPackages {
  readonly #whole: AssetPackages;
  readonly #numbers: AssetNumbers;
  readonly #found = new Map<number, RoaringBitmap32>();

  constructor(whole: AssetPackages, numbers: AssetNumbers) {
    super();
    this.#whole = whole;
    this.#numbers = numbers;
  }

  override idsOf(asset: number): Uint32Array {
    return this.#whole.idsOf(this.#numbers.inWhole(asset));
  }

  override has(asset: number, id: number): boolean {
    return this.#whole.has(this.#numbers.inWhole(asset), id);
  }

  override assetsWith(id: number): RoaringBitmap32 {
    const known = this.#found.get(id) ?? new RoaringBitmap32(this.#numbers.listOf(this.#whole.assetsWith(id)));
    this.#found.set(id, known);
    return known;
  }

  override gatherWithAny(ids: readonly number[]): RoaringBitmap32 {
    const all = this.#whole.gatherWithAny(ids);
    const own = new RoaringBitmap32(this.#numbers.listOf(all));
    all.dispose();
    return own;
  }

  override countWithAny(ids: readonly number[]): number {
    const own = this.gatherWithAny(ids);
    const count = own.size;
    own.dispose();
    return count;
  }

  override *packageVersions(): IterableIterator<number> {
    for (const id of this.#whole.packageVersions()) if (!this.assetsWith(id).isEmpty) yield id;
  }

  override copy(): never {
    throw new Error('an index of the past is made from the whole');
  }

  override counterOf(): never {
    return this.copy();
  }

  override put(): never {
    throw new Error('a part of an index is not written to');
  }

  override change(): never {
    return this.put();
  }

  override dispose(): void {
    for (const bitmap of this.#found.values()) bitmap.dispose();
    this.#numbers.dispose();
  }
}

class NarrowLog extends TransitionLog {
  readonly #whole: TransitionLog;
  readonly #numbers: AssetNumbers;
  /** Some visitors keep them until they are done. */
  readonly #many = new Map<RoaringBitmap32, RoaringBitmap32>();
  #columns = columnsOf(64);

  constructor(whole: TransitionLog, numbers: AssetNumbers) {
    super();
    this.#whole = whole;
    this.#numbers = numbers;
  }

  override forEachRun(since: number, visit: (run: TransitionRun) => void, until?: number): void {
    this.#whole.forEachRun(since, (run) => this.#visit(run, visit), until);
  }

  override forEachRunOf(place: number, since: number, visit: (run: TransitionRun) => void, until?: number): void {
    this.#whole.forEachRunOf(place, since, (run) => this.#visit(run, visit), until);
  }

  override forEachMany(since: number, visit: (one: BulkTransition) => void, until?: number): void {
    const visitOwn = (one: BulkTransition): void => {
      const own = this.#many.get(one.assets) ?? new RoaringBitmap32(this.#numbers.listOf(one.assets));
      this.#many.set(one.assets, own);
      if (!own.isEmpty) visit({ ...one, assets: own });
    };
    this.#whole.forEachMany(since, visitOwn, until);
  }

  override copy(): never {
    throw new Error('an index of the past is made from the whole');
  }

  override dispose(): void {
    for (const bitmap of this.#many.values()) bitmap.dispose();
  }

  #visit(run: TransitionRun, visit: (run: TransitionRun) => void): void {
    if (run.end - run.begin > this.#columns.at.length) this.#columns = columnsOf(2 * (run.end - run.begin));
    const { at, asset, kind } = this.#columns;
    let end = 0;
    for (let number = run.begin; number < run.end; number += 1) {
      const own = this.#numbers.find(run.asset(number));
      if (own === -1) continue;
      at[end] = run.at(number);
      asset[end] = own;
      kind[end] = run.kind(number);
      end += 1;
    }
    if (end > 0) visit(new TransitionRun(this.#columns, { place: run.place, begin: 0, end }));
  }
}

function columnsOf(length: number): TransitionColumns {
  return { at: new Float64Array(length), asset: new Uint32Array(length), kind: new Uint8Array(length) };
}
