import { RoaringBitmap32 } from 'roaring-wasm';
import type { BornAssets } from './born-assets.ts';
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

/** Transitions of one check. */
interface Undone {
  /** Of single assets: time, asset and state before, one after the other. There may be a million in all. */
  readonly single: number[];
  readonly many: Undo[];
}

/**
 * What was found at a moment within the index's window: what is found now, with everything undone that came and went since, on the assets
 * that were there. Use it before the next await, and dispose it.
 */
export class PastMoment {
  readonly #index: OrganizationIndex;
  readonly #moment: number;
  readonly #undone = new Map<number, Undone>();
  readonly #born: BornAssets;
  #unborn: RoaringBitmap32 | null = null;

  /** `moment`: in ms since 1970, not before the index's `since`. */
  constructor(index: OrganizationIndex, moment: number) {
    this.#index = index;
    this.#moment = moment;
    this.#born = index.table.bornBy(moment);
    index.log.forEach(moment, ({ at, place, assets, from }) => {
      if (at <= moment) return;
      const undone = this.#undone.get(place) ?? { single: [], many: [] };
      this.#undone.set(place, undone);
      if (typeof assets === 'number') undone.single.push(at, assets, from);
      else undone.many.push({ at, assets, from });
    });
  }

  /** On how many assets a check was found, and on how many of these as information; null where only `found` tells. */
  count(place: number): { readonly open: number; readonly information: number } | null {
    const now = this.#index.checks[place];
    if (!now) return { open: 0, information: 0 };
    const { single, many } = this.#undone.get(place) ?? nothing;
    const [came] = many;
    if (many.length > 1 || (came && (came.from !== 0 || single.length > 0))) return null;
    let open = this.#countBorn(now.open, came);
    let information = now.information ? this.#countBorn(now.information, came) : 0;
    for (const [asset, state] of statesBefore(single)) {
      if (this.#isUnborn(asset)) continue;
      const before = now.stateOf(asset);
      open += Number(state !== 0) - Number(before !== 0);
      information += Number(state === 1) - Number(before === 1);
    }
    return { open, information };
  }

  /** The caller disposes the bitmaps. */
  found(place: number): Found & { readonly information: RoaringBitmap32 } {
    const now = this.#index.checks[place];
    if (!now) return { open: new RoaringBitmap32(), information: new RoaringBitmap32() };
    const unborn = this.#allUnborn();
    const open = RoaringBitmap32.andNot(now.open, unborn);
    const information = now.information ? RoaringBitmap32.andNot(now.information, unborn) : new RoaringBitmap32();
    const { single, many } = this.#undone.get(place) ?? nothing;
    if (many.length === 0) setSingle({ open, information }, this.#withoutUnborn(statesBefore(single)));
    else this.#undoAll([...transitionsOf(single), ...many], { open, information });
    return { open, information };
  }

  dispose(): void {
    this.#born.dispose();
    this.#unborn?.dispose();
  }

  /** Without what was not found before it came. */
  #countBorn(found: RoaringBitmap32, came: Undo | undefined): number {
    const count = this.#born.count(found);
    if (!came || typeof came.assets === 'number') return count;
    // The usual case, and a hundredth of the work.
    if (came.assets.isSubset(found)) return count - this.#born.count(came.assets);
    const both = RoaringBitmap32.and(found, came.assets);
    const fresh = this.#born.count(both);
    both.dispose();
    return count - fresh;
  }

  #isUnborn(asset: number): boolean {
    return this.#index.table.birth(asset) > this.#moment;
  }

  /** Moments are whole milliseconds, and what began at one was there at it. */
  #allUnborn(): RoaringBitmap32 {
    return (this.#unborn ??= this.#index.table.bornSince(this.#moment + 1));
  }

  #withoutUnborn(states: ReadonlyMap<number, FoundState>): Map<number, FoundState> {
    return new Map([...states].filter(([asset]) => !this.#isUnborn(asset)));
  }

  /** The newest first: the state before the oldest of an asset's is what it was in. */
  #undoAll(undo: Undo[], found: { open: RoaringBitmap32; information: RoaringBitmap32 }): void {
    undo.sort((a, b) => b.at - a.at);
    let single = new Map<number, FoundState>();
    for (const { assets, from } of undo) {
      if (typeof assets === 'number') {
        if (!this.#isUnborn(assets)) single.set(assets, from);
        continue;
      }
      setSingle(found, single);
      single = new Map();
      const many = RoaringBitmap32.andNot(assets, this.#allUnborn());
      setMany(found, many, from);
      many.dispose();
    }
    setSingle(found, single);
  }
}

const nothing: Undone = { single: [], many: [] };

function* transitionsOf(single: readonly number[]): Iterable<Undo & { readonly assets: number }> {
  for (let index = 0; index < single.length; index += 3) {
    const from = single[index + 2] as FoundState; // as it was put there
    yield { at: single[index] ?? 0, assets: single[index + 1] ?? 0, from };
  }
}

/** What each asset was in before the oldest of these. */
function statesBefore(single: readonly number[]): Map<number, FoundState> {
  const states = new Map<number, FoundState>();
  if (single.length === 0) return states;
  const oldest = new Map<number, number>();
  for (const { at, assets, from } of transitionsOf(single)) {
    if (at > (oldest.get(assets) ?? Number.POSITIVE_INFINITY)) continue;
    oldest.set(assets, at);
    states.set(assets, from);
  }
  return states;
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
