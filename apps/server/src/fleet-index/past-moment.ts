import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState } from './detection-history.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Where a check was found. Bitmaps of assets. */
export interface Found {
  readonly open: RoaringBitmap32;
  /** Of these, as information only. */
  readonly information: RoaringBitmap32 | null;
}

/** A transition to be undone, of one asset or of many. */
interface Undo {
  readonly at: number;
  readonly assets: number | RoaringBitmap32;
  readonly from: FoundState;
}

/**
 * What was found at a moment within the index's window: what is found now, with everything undone that came and went since, on the assets
 * that were there. Use it before the next await, and dispose it.
 */
export class PastMoment {
  readonly #index: OrganizationIndex;
  readonly #undo = new Map<number, Undo[]>();
  readonly #unborn: RoaringBitmap32;

  /** `moment`: in ms since 1970, not before the index's `since`. */
  constructor(index: OrganizationIndex, moment: number) {
    this.#index = index;
    // Moments are whole milliseconds, and what began at one was there at it.
    this.#unborn = index.table.bornSince(moment + 1);
    index.log.forEach(moment, ({ at, place, assets, from }) => {
      if (at <= moment) return;
      const list = this.#undo.get(place);
      if (list) list.push({ at, assets, from });
      else this.#undo.set(place, [{ at, assets, from }]);
    });
  }

  /** The caller disposes the bitmaps. Null for a check that was found nowhere. */
  found(place: number): Found | null {
    const now = this.#index.checks[place];
    if (!now) return null;
    const open = RoaringBitmap32.andNot(now.open, this.#unborn);
    const information = now.information ? RoaringBitmap32.andNot(now.information, this.#unborn) : new RoaringBitmap32();
    this.#undoAll(this.#undo.get(place) ?? [], { open, information });
    if (!open.isEmpty) return { open, information };
    open.dispose();
    information.dispose();
    return null;
  }

  dispose(): void {
    this.#unborn.dispose();
  }

  /** The newest first: the state before the oldest of an asset's is what it was in. */
  #undoAll(undo: Undo[], found: { open: RoaringBitmap32; information: RoaringBitmap32 }): void {
    undo.sort((a, b) => b.at - a.at);
    let single = new Map<number, FoundState>();
    for (const { assets, from } of undo) {
      if (typeof assets === 'number') {
        if (!this.#unborn.has(assets)) single.set(assets, from);
        continue;
      }
      setSingle(found, single);
      single = new Map();
      const many = RoaringBitmap32.andNot(assets, this.#unborn);
      setMany(found, many, from);
      many.dispose();
    }
    setSingle(found, single);
  }
}

function setSingle(
  { open, information }: { open: RoaringBitmap32; information: RoaringBitmap32 },
  states: ReadonlyMap<number, FoundState>,
): void {
  if (states.size === 0) return;
  const inState = (state: FoundState) => [...states].flatMap(([asset, own]) => (own === state ? [asset] : []));
  const [none, some, sure] = [inState(0), inState(1), inState(2)];
  open.removeMany(none);
  open.addMany([...some, ...sure]);
  information.removeMany([...none, ...sure]);
  information.addMany(some);
}

function setMany(
  { open, information }: { open: RoaringBitmap32; information: RoaringBitmap32 },
  assets: RoaringBitmap32,
  state: FoundState,
): void {
  if (state === 0) open.andNotInPlace(assets);
  else open.orInPlace(assets);
  if (state === 1) information.orInPlace(assets);
  else information.andNotInPlace(assets);
}
