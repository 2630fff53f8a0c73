import { RoaringBitmap32 } from 'roaring-wasm';
import type { BornAssets } from './born-assets.ts';
import type { FoundState } from './detection-history.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { BulkTransition } from './transition-log.ts';

/** Where a check was found. Bitmaps of assets. */
export interface Found {
  readonly open: RoaringBitmap32;
  /** Of these, as information only. */
  readonly information: RoaringBitmap32;
}

/**
 * What was found at a moment within the index's window: what is found now, with everything undone that came and went since, on the assets
 * that were there. Use it before the next await, and dispose it.
 */
export class PastMoment {
  readonly #index: OrganizationIndex;
  /** Moments are whole milliseconds, and what began at one was there at it: from here on it is undone. */
  readonly #since: number;
  /** By the check's place, the newest first. */
  readonly #many = new Map<number, BulkTransition[]>();
  readonly #born: BornAssets;
  #unborn: RoaringBitmap32 | null = null;
  /** Places of checks that came or went since anywhere. */
  #moved: Set<number> | null = null;
  #changes: Int32Array | null = null;
  #oldest: OldestStates | null = null;

  /** `moment`: in ms since 1970, not before the index's `since`. */
  constructor(index: OrganizationIndex, moment: number) {
    this.#index = index;
    this.#since = moment + 1;
    this.#born = index.table.bornBy(moment);
    index.log.forEachMany(this.#since, (one) => {
      const many = this.#many.get(one.place);
      if (many) many.push(one);
      else this.#many.set(one.place, [one]);
    });
    for (const many of this.#many.values()) many.sort((a, b) => b.at - a.at);
  }

  /** Whether the check is found now where it was found then, but for assets that came since. */
  isQuiet(place: number): boolean {
    if (!this.#moved) {
      this.#moved = new Set(this.#many.keys());
      this.#index.log.forEachRun(this.#since, (run) => void this.#moved?.add(run.place));
    }
    return !this.#moved.has(place);
  }

  /** Assets that came since. Not the caller's. */
  get unborn(): RoaringBitmap32 {
    return (this.#unborn ??= this.#index.table.bornSince(this.#since));
  }

  /** On how many assets a check was found, and on how many of these as information. */
  count(place: number): { readonly open: number; readonly information: number } {
    const now = this.#index.checks[place];
    if (!now) return { open: 0, information: 0 };
    const changes = (this.#changes ??= this.#countChanges());
    return {
      open: this.#born.count(now.open) + (changes[2 * place] ?? 0),
      information: (now.information ? this.#born.count(now.information) : 0) + (changes[2 * place + 1] ?? 0),
    };
  }

  /** The caller disposes the bitmaps. */
  found(place: number): Found {
    const now = this.#index.checks[place];
    if (!now) return { open: new RoaringBitmap32(), information: new RoaringBitmap32() };
    const open = new RoaringBitmap32(now.open);
    const information = new RoaringBitmap32(now.information ?? []);
    const many = this.#many.get(place) ?? [];
    // The state before the oldest of an asset's transitions is what it was in.
    for (const { assets, from } of many) setStates({ open, information }, assets, from);
    const oldest = (this.#oldest ??= new OldestStates(this.#index.table.assets.length));
    this.#index.log.forEachRunOf(place, this.#since, (run) => {
      for (let number = run.begin; number < run.end; number += 1)
        oldest.offer(run.asset(number), run.at(number), run.from(number));
    });
    const isOldest = (asset: number, at: number): boolean => !many.some((one) => one.at <= at && one.assets.has(asset));
    for (const { state, assets } of oldest.take(many.length === 0 ? () => true : isOldest)) {
      setStates({ open, information }, assets, state);
      assets.dispose();
    }
    const there = { open: this.#born.among(open), information: this.#born.among(information) };
    open.dispose();
    information.dispose();
    return there;
  }

  /** Assets on which the check came or went afterwards, up to another moment; the caller disposes the bitmap. */
  movedUntil(place: number, moment: number): RoaringBitmap32 {
    const single: number[] = [];
    this.#index.log.forEachRunOf(place, this.#since, (run) => {
      for (let number = run.begin; number < run.end && run.at(number) <= moment; number += 1) single.push(run.asset(number));
    });
    const moved = new RoaringBitmap32(single);
    for (const { at, assets } of this.#many.get(place) ?? []) if (at <= moment) moved.orInPlace(assets);
    return moved;
  }

  dispose(): void {
    this.#born.dispose();
    this.#unborn?.dispose();
  }

  /** By the check's place, on how many more assets it was found then than now, and on how many more as information. */
  #countChanges(): Int32Array {
    const { checks, log, table } = this.#index;
    const changes = new Int32Array(2 * checks.length);
    const add = (place: number, open: number, information: number): void => {
      changes[2 * place] = (changes[2 * place] ?? 0) + open;
      changes[2 * place + 1] = (changes[2 * place + 1] ?? 0) + information;
    };
    for (const { place, assets, from, to } of [...this.#many.values()].flat()) {
      const born = this.#born.count(assets);
      add(place, born * (Number(from !== 0) - Number(to !== 0)), born * (Number(from === 1) - Number(to === 1)));
    }
    log.forEachRun(this.#since, (run) => {
      let [open, information] = [0, 0];
      for (let number = run.begin; number < run.end; number += 1) {
        if (table.birth(run.asset(number)) >= this.#since) continue;
        const [from, to] = [run.from(number), run.to(number)];
        open += Number(from !== 0) - Number(to !== 0);
        information += Number(from === 1) - Number(to === 1);
      }
      add(run.place, open, information);
    });
    return changes;
  }
}

interface InState {
  readonly state: FoundState;
  readonly assets: RoaringBitmap32;
}

/** What each asset was in before the oldest of its transitions, for one check after the other. */
class OldestStates {
  /** By asset, 0 for none. */
  readonly #at: Float64Array;
  readonly #state: Uint8Array;
  readonly #assets: Uint32Array;
  #count = 0;

  constructor(assets: number) {
    this.#at = new Float64Array(assets);
    this.#state = new Uint8Array(assets);
    this.#assets = new Uint32Array(assets);
  }

  offer(asset: number, at: number, state: FoundState): void {
    const oldest = this.#at[asset] ?? 0;
    if (oldest !== 0 && oldest <= at) return;
    if (oldest === 0) this.#assets[this.#count++] = asset;
    this.#at[asset] = at;
    this.#state[asset] = state;
  }

  /** Those that pass, by state; what was offered is forgotten. The caller disposes the bitmaps. */
  take(isOldest: (asset: number, at: number) => boolean): InState[] {
    const byState: [FoundState, number[]][] = [
      [0, []],
      [1, []],
      [2, []],
    ];
    for (const asset of this.#assets.subarray(0, this.#count)) {
      if (isOldest(asset, this.#at[asset] ?? 0)) byState[this.#state[asset] ?? 0]?.[1].push(asset);
      this.#at[asset] = 0;
    }
    this.#count = 0;
    // A bitmap takes them in order in a fraction of the time.
    return byState.flatMap(([state, own]) =>
      own.length === 0 ? [] : [{ state, assets: new RoaringBitmap32(Uint32Array.from(own).sort()) }],
    );
  }
}

function setStates({ open, information }: Found, assets: RoaringBitmap32, state: FoundState): void {
  if (state === 0) open.andNotInPlace(assets);
  else open.orInPlace(assets);
  if (state === 1) information.orInPlace(assets);
  else if (!information.isEmpty) information.andNotInPlace(assets);
}
