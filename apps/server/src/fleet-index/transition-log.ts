import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState, Transition } from './detection-history.ts';

/** A transition of one check on one asset, or on many assets by one new knowledge version. */
export interface LoggedTransition extends Transition {
  readonly place: number;
  readonly assets: number | RoaringBitmap32;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Bulk = Transition & { readonly place: number; readonly assets: RoaringBitmap32 };

/** What happened within so long lies together: a question about the last weeks does not look at the year before. */
const periodMs = 16 * 24 * 3600 * 1000;

/**
 * When detections came and went, as far back as the index answers itself. Not in order of time. Single ones are packed: a busy fleet
 * makes a million in a month.
 */
export class TransitionLog {
  /** By number, from 1970 on. */
  readonly #periods = new Map<number, Period>();

  get length(): number {
    let length = 0;
    for (const period of this.#periods.values()) length += period.length;
    return length;
  }

  add(place: number, asset: number, transition: Transition): void {
    this.#at(transition.at).add(place, asset, transition);
  }

  /** Takes over the bitmap. */
  addMany(place: number, assets: RoaringBitmap32, transition: Transition): void {
    this.#at(transition.at).addMany(place, assets, transition);
  }

  /** All since a moment, that moment too. The same object may be handed out again for the next. */
  forEach(since: number, visit: (one: LoggedTransition) => void): void {
    for (const [number, period] of this.#periods) if ((number + 1) * periodMs > since) period.forEach(since, visit);
  }

  /** All from a moment up to another one, both too, to be kept whatever becomes of the others; the caller disposes it. */
  copy(since: number, until: number): TransitionLog {
    const copy = new TransitionLog();
    for (const [number, period] of this.#periods) {
      if ((number + 1) * periodMs <= since || number * periodMs > until) continue;
      copy.#periods.set(number, period.copy(since, until));
    }
    return copy;
  }

  /** Takes over what another one holds, which is empty then. */
  absorb(other: TransitionLog): void {
    for (const [number, period] of other.#periods) {
      const known = this.#periods.get(number);
      if (known) known.absorb(period);
      else this.#periods.set(number, period);
    }
    other.#periods.clear();
  }

  /** Forgets these assets. */
  forget(assets: ReadonlySet<number>): void {
    const isForgotten = new Uint8Array(Math.max(0, ...assets) + 1);
    for (const asset of assets) isForgotten[asset] = 1;
    for (const period of this.#periods.values()) period.forget(isForgotten, [...assets]);
  }

  /** Forgets what was before a moment. */
  forgetBefore(moment: number): void {
    for (const [number, period] of this.#periods) {
      if (number * periodMs >= moment) continue;
      period.keep(moment, Number.POSITIVE_INFINITY);
      if (period.length === 0) this.#periods.delete(number);
    }
  }

  dispose(): void {
    for (const period of this.#periods.values()) period.dispose();
    this.#periods.clear();
  }

  #at(moment: number): Period {
    const number = Math.floor(moment / periodMs);
    const known = this.#periods.get(number) ?? new Period();
    this.#periods.set(number, known);
    return known;
  }
}

class Period {
  #at = new Float64Array(64);
  #place = new Int32Array(64);
  #asset = new Int32Array(64);
  #kind = new Uint8Array(64);
  #length = 0;
  #bulk: Bulk[] = [];

  get length(): number {
    return this.#length + this.#bulk.length;
  }

  add(place: number, asset: number, transition: Transition): void {
    if (this.#length === this.#at.length) this.#resize(this.#length * 2);
    this.#at[this.#length] = transition.at;
    this.#place[this.#length] = place;
    this.#asset[this.#length] = asset;
    this.#kind[this.#length] = transition.from | (transition.to << 2) | (transition.first ? 16 : 0);
    this.#length += 1;
  }

  addMany(place: number, assets: RoaringBitmap32, { at, from, to, first }: Transition): void {
    this.#bulk.push({ place, assets, at, from, to, first });
  }

  forEach(since: number, visit: (one: LoggedTransition) => void): void {
    for (const one of this.#bulk) if (one.at >= since) visit(one);
    const one: Writable<LoggedTransition> = { at: 0, place: 0, assets: 0, from: 0, to: 0, first: false };
    for (let index = 0; index < this.#length; index += 1) {
      const at = this.#at[index] ?? 0;
      if (at < since) continue;
      const kind = this.#kind[index] ?? 0;
      one.at = at;
      one.place = this.#place[index] ?? 0;
      one.assets = this.#asset[index] ?? 0;
      one.from = (kind & 3) as FoundState;
      one.to = ((kind >> 2) & 3) as FoundState;
      one.first = (kind & 16) !== 0;
      visit(one);
    }
  }

  copy(since: number, until: number): Period {
    const copy = new Period();
    for (const one of this.#bulk)
      if (one.at >= since && one.at <= until) copy.addMany(one.place, new RoaringBitmap32(one.assets), one);
    [copy.#at, copy.#place, copy.#asset] = [this.#at.slice(), this.#place.slice(), this.#asset.slice()];
    [copy.#kind, copy.#length] = [this.#kind.slice(), this.#length];
    copy.keep(since, until);
    return copy;
  }

  absorb(other: Period): void {
    other.forEach(Number.NEGATIVE_INFINITY, ({ place, assets, ...transition }) => {
      if (typeof assets === 'number') this.add(place, assets, transition);
      else this.addMany(place, assets, transition);
    });
  }

  forget(isForgotten: Uint8Array, assets: number[]): void {
    this.#keep((index) => isForgotten[this.#asset[index] ?? 0] !== 1);
    for (const { assets: many } of this.#bulk) many.removeMany(assets);
    this.#dropBulk(({ assets: many }) => !many.isEmpty);
  }

  /** Gives up what was not from one moment up to another one. */
  keep(since: number, until: number): void {
    const isKept = (at: number): boolean => at >= since && at <= until;
    this.#keep((index) => isKept(this.#at[index] ?? 0));
    this.#dropBulk(({ at }) => isKept(at));
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

  #dropBulk(isKept: (one: Bulk) => boolean): void {
    for (const one of this.#bulk) if (!isKept(one)) one.assets.dispose();
    this.#bulk = this.#bulk.filter(({ assets }) => !assets.isDisposed);
  }

  #resize(length: number): void {
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
