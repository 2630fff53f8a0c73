import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState, Transition } from './detection-history.ts';

/** A transition of one check on one asset, or on many assets by one new knowledge version. */
export interface LoggedTransition extends Transition {
  readonly place: number;
  readonly assets: number | RoaringBitmap32;
}

/**
 * When detections came and went, as far back as the index answers itself. Not in order of time. Single ones are packed: a busy fleet
 * makes a million in a month.
 */
export class TransitionLog {
  #at = new Float64Array(256);
  #place = new Int32Array(256);
  #asset = new Int32Array(256);
  #kind = new Uint8Array(256);
  #length = 0;
  #bulk: (Transition & { readonly place: number; readonly assets: RoaringBitmap32 })[] = [];

  get length(): number {
    return this.#length + this.#bulk.length;
  }

  add(place: number, asset: number, transition: Transition): void {
    if (this.#length === this.#at.length) this.#grow();
    this.#at[this.#length] = transition.at;
    this.#place[this.#length] = place;
    this.#asset[this.#length] = asset;
    this.#kind[this.#length] = transition.from | (transition.to << 2) | (transition.first ? 16 : 0);
    this.#length += 1;
  }

  /** Takes over the bitmap. */
  addMany(place: number, assets: RoaringBitmap32, transition: Transition): void {
    this.#bulk.push({ ...transition, place, assets });
  }

  /** All since a moment, that moment too. The same object may be handed out again for the next. */
  forEach(since: number, visit: (one: LoggedTransition) => void): void {
    for (const one of this.#bulk) if (one.at >= since) visit(one);
    for (let index = 0; index < this.#length; index += 1) {
      const at = this.#at[index] ?? 0;
      if (at < since) continue;
      const kind = this.#kind[index] ?? 0;
      visit({
        at,
        place: this.#place[index] ?? 0,
        assets: this.#asset[index] ?? 0,
        from: (kind & 3) as FoundState,
        to: ((kind >> 2) & 3) as FoundState,
        first: (kind & 16) !== 0,
      });
    }
  }

  /** All up to a moment, that moment too, to be kept whatever becomes of the others; the caller disposes it. */
  copyUntil(moment: number): TransitionLog {
    const copy = new TransitionLog();
    for (const one of this.#bulk) if (one.at <= moment) copy.addMany(one.place, new RoaringBitmap32(one.assets), one);
    [copy.#at, copy.#place, copy.#asset] = [this.#at.slice(), this.#place.slice(), this.#asset.slice()];
    [copy.#kind, copy.#length] = [this.#kind.slice(), this.#length];
    copy.#keep((index) => (copy.#at[index] ?? 0) <= moment);
    return copy;
  }

  /** Forgets these assets. */
  forget(assets: ReadonlySet<number>): void {
    this.#keep((index) => !assets.has(this.#asset[index] ?? -1));
    for (const { assets: many } of this.#bulk) many.removeMany([...assets]);
    this.#dropBulk(({ assets: many }) => !many.isEmpty);
  }

  /** Forgets what was before a moment. */
  forgetBefore(moment: number): void {
    this.#keep((index) => (this.#at[index] ?? 0) >= moment);
    this.#dropBulk(({ at }) => at >= moment);
  }

  dispose(): void {
    this.#dropBulk(() => false);
  }

  #keep(isKept: (index: number) => boolean): void {
    let next = 0;
    for (let index = 0; index < this.#length; index += 1) {
      if (!isKept(index)) continue;
      if (next < index) {
        for (const column of [this.#at, this.#place, this.#asset, this.#kind]) column[next] = column[index] ?? 0;
      }
      next += 1;
    }
    this.#length = next;
  }

  #dropBulk(isKept: (one: { at: number; assets: RoaringBitmap32 }) => boolean): void {
    for (const one of this.#bulk) if (!isKept(one)) one.assets.dispose();
    this.#bulk = this.#bulk.filter(({ assets }) => !assets.isDisposed);
  }

  #grow(): void {
    const length = this.#at.length * 2;
    const [at, place, asset, kind] = [
      new Float64Array(length),
      new Int32Array(length),
      new Int32Array(length),
      new Uint8Array(length),
    ];
    at.set(this.#at);
    place.set(this.#place);
    asset.set(this.#asset);
    kind.set(this.#kind);
    [this.#at, this.#place, this.#asset, this.#kind] = [at, place, asset, kind];
  }
}
