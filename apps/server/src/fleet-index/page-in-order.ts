import { RoaringBitmap32 } from 'roaring-wasm';
import type { Place } from '../http/list-cursor.ts';
import { assetsInOrder } from './assets-in-order.ts';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { firstSorted } from './select-assets.ts';
import type { Selected } from './selection.ts';

/** Detections that stand side by side in an order: all in it is the same for them but the asset, which comes last. */
export interface Part {
  /** By what they are sorted, without the asset. */
  readonly keys: Place;
  readonly size: number;
  /** A new bitmap, which the caller disposes; to be asked for within the visit. */
  readonly assets: () => RoaringBitmap32;
}

/** Visits detections, and what parts those of one visit make; whenever it is asked, the same. */
export interface Way {
  readonly select: Select;
  readonly partsOf: (selected: Selected) => readonly Part[];
}

export interface OrderWish {
  readonly limit: number;
  readonly offset: number;
  /** Begin behind this place, the asset's number last; `offset` counts from there. */
  readonly after?: Place | undefined;
  /** Which of the keys are turned round, the asset last. */
  readonly turned: readonly boolean[];
}

export interface OrderedPage {
  readonly total: number;
  readonly items: readonly { readonly check: number; readonly assetId: string }[];
  /** Place of the last one; null where the list ends with this page. */
  readonly last: Place | null;
}

/** One page of what the ways visit, in the order of their parts' keys. */
export function pageInOrder(index: OrganizationIndex, wish: OrderWish, ways: readonly Way[]): OrderedPage {
  const page = new PageInOrder(index, wish);
  const total = page.fill(ways);
  return { total, ...page.end() };
}

/** What of a check decides about its place among equals: worst first. */
export function rankKeys({ severity, check, confirmed }: Pick<Selected, 'severity' | 'check' | 'confirmed'>): Place {
  return [-severity, -check.number, -Number(confirmed)];
}

/** All that is visited at once, as one part. */
export function wholePart(selected: Selected, own: Place): Part {
  return {
    keys: [...own, ...rankKeys(selected)],
    size: selected.size,
    assets: () => new RoaringBitmap32(selected.assets),
  };
}

/** Negative for what comes before a place; only as far as the place goes. */
export function comparePlaces(one: Place, other: Place, turned: readonly boolean[]): number {
  for (let at = 0; at < other.length; at += 1) {
    const [a, b] = [one[at] ?? 0, other[at] ?? 0];
    if (a !== b) return a < b !== (turned[at] ?? false) ? -1 : 1;
  }
  return 0;
}

interface Sized {
  readonly keys: Place;
  readonly size: number;
  readonly check: number;
}

/** A page that is filled, from its first row to its last, by whatever comes next in the order. */
export class PageInOrder {
  readonly #index: OrganizationIndex;
  readonly #wish: OrderWish;
  readonly #after: { readonly keys: Place; readonly asset: number } | null;
  readonly #items: { check: number; assetId: string }[] = [];
  #left: number;
  #last: Place | null = null;

  constructor(index: OrganizationIndex, wish: OrderWish) {
    this.#index = index;
    this.#wish = wish;
    this.#left = wish.offset;
    const { after } = wish;
    this.#after = after ? { keys: after.slice(0, -1), asset: Number(after.at(-1)) } : null;
  }

  get isFull(): boolean {
    return this.#items.length >= this.#wish.limit;
  }

  /**
   * Adds what the ways visit and returns how much that is in all. It visits twice: to see where the page lies, and for the assets of the
   * parts on it alone.
   */
  fill(ways: readonly Way[]): number {
    const [parts, total] = this.#partsBehind(ways);
    const wanted = this.#first(parts, ways.length);
    if (wanted.size === 0) return total;
    const checks = new Set(Array.from(wanted.values(), ({ check }) => check));
    const assets = new Map<string, RoaringBitmap32>();
    for (const { select, partsOf } of ways) {
      select((selected) => {
        if (!checks.has(selected.check.number)) return;
        for (const part of partsOf(selected)) {
          const key = JSON.stringify(part.keys);
          if (!wanted.has(key)) continue;
          const own = part.assets();
          const known = assets.get(key);
          if (known) known.orInPlace(own);
          else assets.set(key, own);
          if (known) own.dispose();
        }
      });
    }
    for (const [key, part] of wanted) this.#take(part, assets.get(key));
    for (const bitmap of assets.values()) bitmap.dispose();
    return total;
  }

  end(): Omit<OrderedPage, 'total'> {
    return { items: this.#items, last: this.isFull ? this.#last : null };
  }

  #partsBehind(ways: readonly Way[]): [parts: Sized[], total: number] {
    const parts: Sized[] = [];
    let total = 0;
    for (const { select, partsOf } of ways) {
      select((selected) => {
        total += selected.size;
        for (const { keys, size } of partsOf(selected)) {
          if (!this.#after || comparePlaces(keys, this.#after.keys, this.#wish.turned) >= 0)
            parts.push({ keys, size, check: selected.check.number });
        }
      });
    }
    return [parts, total];
  }

  /** As many parts as fill the page, in order; those of the place behind which it begins, one of each way, may hold nothing of it. */
  #first(parts: readonly Sized[], ways: number): Map<string, Sized> {
    const { limit, turned } = this.#wish;
    let missing = limit - this.#items.length + this.#left;
    const first = new Map<string, Sized>();
    if (missing <= this.#left) return first;
    const compare = (a: number, b: number): number => comparePlaces(parts[a]?.keys ?? [], parts[b]?.keys ?? [], turned);
    for (const at of firstSorted(Uint32Array.from(parts.keys()), missing + ways, compare)) {
      const part = parts[at];
      if (!part || missing <= 0) break;
      first.set(JSON.stringify(part.keys), part);
      const isBegun = this.#after !== null && comparePlaces(part.keys, this.#after.keys, turned) === 0;
      if (!isBegun) missing -= part.size;
    }
    return first;
  }

  #take({ keys, check }: Sized, assets: RoaringBitmap32 | undefined): void {
    const { limit, turned } = this.#wish;
    if (!assets || this.isFull) return;
    const isBegun = this.#after !== null && comparePlaces(keys, this.#after.keys, turned) === 0;
    const behind = isBegun ? (this.#after?.asset ?? null) : null;
    const { table } = this.#index;
    const isTurned = turned.at(-1) ?? false;
    const part = assetsInOrder(table, assets, { behind, left: this.#left, limit: limit - this.#items.length, isTurned });
    this.#left = Math.max(0, this.#left - part.behind);
    for (const dense of part.found) {
      const asset = table.assets[dense];
      if (!asset) continue;
      this.#items.push({ check, assetId: asset.assetId });
      this.#last = [...keys, asset.number];
    }
  }
}
