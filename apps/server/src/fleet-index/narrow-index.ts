import { RoaringBitmap32 } from 'roaring-wasm';
import { AssetPackages } from './asset-packages.ts';
import { AssetTable } from './asset-table.ts';
import { CheckDetections } from './check-detections.ts';
import { OrganizationIndex } from './organization-index.ts';
import { type LoggedTransition, TransitionLog } from './transition-log.ts';

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
  readonly #ofPart = new Map<number, number>();

  constructor(whole: AssetTable, assetIds: ReadonlySet<string>) {
    this.#within = whole.where(({ assetId }) => assetIds.has(assetId));
    for (const asset of this.#within.toUint32Array()) {
      const entry = whole.assets[asset];
      if (!entry) continue;
      const own = this.table.enter(entry);
      this.#ofWhole.push(asset);
      this.#ofPart.set(asset, own);
      this.table.setTimes(own, whole.birth(asset), whole.lastChange(asset));
      for (const severity of severities) this.table.count(own, severity, whole.countFound(asset, severity));
    }
  }

  /** Undefined for an asset that is not of the part. */
  find(ofWhole: number): number | undefined {
    return this.#ofPart.get(ofWhole);
  }

  inWhole(own: number): number {
    return this.#ofWhole[own] ?? -1;
  }

  /** Own numbers of those of these assets that are of the part. */
  listOf(assets: RoaringBitmap32): number[] {
    const both = RoaringBitmap32.and(assets, this.#within);
    const own = Array.from(both.toUint32Array(), (asset) => this.#ofPart.get(asset) ?? -1);
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

  constructor(whole: TransitionLog, numbers: AssetNumbers) {
    super();
    this.#whole = whole;
    this.#numbers = numbers;
  }

  override get length(): number {
    let length = 0;
    this.forEach(0, () => void (length += 1));
    return length;
  }

  override forEach(since: number, visit: (one: LoggedTransition) => void): void {
    this.#whole.forEach(since, (one) => {
      const { assets } = one;
      if (typeof assets === 'number') {
        const own = this.#numbers.find(assets);
        if (own !== undefined) visit({ ...one, assets: own });
        return;
      }
      const own = this.#many.get(assets) ?? new RoaringBitmap32(this.#numbers.listOf(assets));
      this.#many.set(assets, own);
      if (!own.isEmpty) visit({ ...one, assets: own });
    });
  }

  override copy(): never {
    throw new Error('an index of the past is made from the whole');
  }

  override dispose(): void {
    for (const bitmap of this.#many.values()) bitmap.dispose();
  }
}
