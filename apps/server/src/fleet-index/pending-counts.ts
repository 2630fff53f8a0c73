import { RoaringBitmap32 } from 'roaring-wasm';
import { type AssetTable, severityCount } from './asset-table.ts';

/** Each may have a bit for every asset. */
const maxSets = 200;

interface Alike {
  readonly assets: RoaringBitmap32;
  /** By severity, 1 to 5 at 0 to 4. */
  readonly changes: Int32Array;
}

/**
 * Changes to what the assets of many sets are counted with. New checks are found on few different sets of assets: each is gone through once,
 * asset by asset, with all that is to be added.
 */
export class PendingCounts {
  readonly #table: Pick<AssetTable, 'countMany'>;
  /** By what alike sets have in common, and few others. */
  readonly #sets = new Map<string, Alike[]>();
  #count = 0;

  constructor(table: Pick<AssetTable, 'countMany'>) {
    this.#table = table;
  }

  add(assets: RoaringBitmap32, severity: number, change: number): void {
    if (assets.isEmpty) return;
    const { changes } = this.#alike(assets);
    changes[severity - 1] = (changes[severity - 1] ?? 0) + change;
  }

  /** Enters everything that was added. */
  settle(): void {
    for (const { assets, changes } of [...this.#sets.values()].flat()) {
      const list = assets.toUint32Array();
      for (const [index, change] of changes.entries()) if (change !== 0) this.#table.countMany(list, index + 1, change);
      assets.dispose();
    }
    this.#sets.clear();
    this.#count = 0;
  }

  #alike(assets: RoaringBitmap32): Alike {
    const key = `${assets.size} ${assets.minimum()} ${assets.maximum()}`;
    const known = this.#sets.get(key) ?? [];
    const same = known.find((one) => one.assets.isEqual(assets));
    if (same) return same;
    if (this.#count >= maxSets) {
      this.settle();
      return this.#alike(assets);
    }
    const fresh = { assets: new RoaringBitmap32(assets), changes: new Int32Array(severityCount) };
    this.#sets.set(key, [...known, fresh]);
    this.#count += 1;
    return fresh;
  }
}
