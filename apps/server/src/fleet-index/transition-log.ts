import { RoaringBitmap32 } from 'roaring-wasm';
import type { Transition } from './detection-history.ts';
import { NewestTransitions } from './newest-transitions.ts';
import type { TransitionPage } from './transition-page.ts';
import type { TransitionRun } from './transition-run.ts';

/** A transition of one check on many assets by one new knowledge version. */
export interface BulkTransition extends Transition {
  readonly place: number;
  readonly assets: RoaringBitmap32;
}

/** A transition of one check on one asset, or on many. */
export interface LoggedTransition extends Transition {
  readonly place: number;
  readonly assets: number | RoaringBitmap32;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What happened within so long lies together: a question about the last weeks does not look at the year before. */
const periodMs = 16 * 24 * 3600 * 1000;
const ever = Number.POSITIVE_INFINITY;

/**
 * When detections came and went, as far back as the index answers itself. A busy fleet makes millions of single transitions in a month, of
 * which each is written once and read by every question about a time: so they lie by check in pages, and whoever adds some up goes through
 * memory from one end to the other.
 */
export class TransitionLog {
  /** By number, from 1970 on. */
  readonly #periods = new Map<number, Period>();
  /** Nothing before and behind is told of. */
  #bounds = { since: -ever, until: ever };

  add(place: number, asset: number, transition: Transition): void {
    this.#at(transition.at).add(place, asset, transition);
  }

  /** Takes over the bitmap. */
  addMany(place: number, assets: RoaringBitmap32, { at, from, to, first }: Transition): void {
    this.#at(at).bulk.push({ place, assets, at, from, to, first });
  }

  /** Those of single assets since a moment, that moment too, some of a check at a time. The same run may be handed out again for the next. */
  forEachRun(since: number, visit: (run: TransitionRun) => void, until = ever): void {
    const [from, to] = this.#bounded(since, until);
    for (const period of this.#within(from, to)) for (const page of period.pages) page.forEachRun(from, to, visit);
  }

  /** The same of one check. */
  forEachRunOf(place: number, since: number, visit: (run: TransitionRun) => void, until = ever): void {
    const [from, to] = this.#bounded(since, until);
    for (const period of this.#within(from, to)) for (const page of period.pages) page.forEachRunOf(place, from, to, visit);
  }

  /** Those of many assets since a moment, that moment too. */
  forEachMany(since: number, visit: (one: BulkTransition) => void, until = ever): void {
    const [from, to] = this.#bounded(since, until);
    for (const { bulk } of this.#within(from, to)) for (const one of bulk) if (one.at >= from && one.at <= to) visit(one);
  }

  /** All since a moment, that moment too, in no order. The same object may be handed out again for the next. */
  forEach(since: number, visit: (one: LoggedTransition) => void, until = ever): void {
    this.forEachMany(since, visit, until);
    const one: Writable<LoggedTransition> = { at: 0, place: 0, assets: 0, from: 0, to: 0, first: false };
    this.forEachRun(
      since,
      (run) => {
        one.place = run.place;
        for (let number = run.begin; number < run.end; number += 1) {
          one.at = run.at(number);
          one.assets = run.asset(number);
          one.from = run.from(number);
          one.to = run.to(number);
          one.first = run.isFirst(number);
          visit(one);
        }
      },
      until,
    );
  }

  /** All from a moment up to another one, both too, to be kept whatever becomes of the others. It is not written to. */
  copy(since: number, until: number): TransitionLog {
    const copy = new TransitionLog();
    copy.#bounds = { since, until };
    for (const period of this.#within(since, until)) copy.#periods.set(period.number, period.copy());
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
    for (const period of this.#periods.values()) period.forget(isForgotten, Uint32Array.from(assets));
  }

  /** Forgets what was before a moment. */
  forgetBefore(moment: number): void {
    for (const [number, period] of this.#periods) {
      if (number * periodMs >= moment) continue;
      period.forgetBefore(moment);
      if (period.isEmpty) this.#periods.delete(number);
    }
  }

  dispose(): void {
    for (const period of this.#periods.values()) period.dispose();
    this.#periods.clear();
  }

  #bounded(since: number, until: number): [since: number, until: number] {
    return [Math.max(since, this.#bounds.since), Math.min(until, this.#bounds.until)];
  }

  *#within(since: number, until: number): Iterable<Period> {
    for (const [number, period] of this.#periods) if ((number + 1) * periodMs > since && number * periodMs <= until) yield period;
  }

  #at(moment: number): Period {
    const number = Math.floor(moment / periodMs);
    const known = this.#periods.get(number) ?? new Period(number);
    this.#periods.set(number, known);
    return known;
  }
}

class Period {
  readonly number: number;
  bulk: BulkTransition[] = [];
  /** Each at least twice as long as the next: there are few, and what is in them was put in order few times. */
  #pages: TransitionPage[] = [];
  readonly #newest = new NewestTransitions();
  /** Whether a copy has the same bitmaps: they are not changed then, and left to the garbage collector. */
  #isShared = false;

  constructor(number: number) {
    this.number = number;
  }

  get isEmpty(): boolean {
    return this.bulk.length === 0 && this.#newest.isEmpty && this.#pages.length === 0;
  }

  get pages(): readonly TransitionPage[] {
    return this.#newest.isEmpty ? this.#pages : [...this.#pages, this.#newest.page];
  }

  add(place: number, asset: number, transition: Transition): void {
    this.#newest.add(place, asset, transition);
    if (this.#newest.isFull) this.#settle();
  }

  /** Shares everything: pages never change. */
  copy(): Period {
    const copy = new Period(this.number);
    [copy.#pages, copy.bulk] = [[...this.pages], [...this.bulk]];
    [this.#isShared, copy.#isShared] = [true, true];
    return copy;
  }

  absorb(other: Period): void {
    for (const page of other.pages) this.#take(page);
    this.bulk.push(...other.bulk);
  }

  forget(isForgotten: Uint8Array, assets: Uint32Array): void {
    this.#change((page) => page.without(isForgotten));
    const forgotten = new RoaringBitmap32(assets);
    this.bulk = this.bulk.map((one) => {
      if (!one.assets.intersects(forgotten)) return one;
      const left = RoaringBitmap32.andNot(one.assets, forgotten);
      this.#give(one.assets);
      return { ...one, assets: left };
    });
    forgotten.dispose();
    this.#dropBulk(({ assets: many }) => !many.isEmpty);
  }

  forgetBefore(moment: number): void {
    this.#change((page) => page.within(moment, ever));
    this.#dropBulk(({ at }) => at >= moment);
  }

  dispose(): void {
    this.#dropBulk(() => false);
  }

  #change(changed: (page: TransitionPage) => TransitionPage): void {
    this.#settle();
    const pages = this.#pages;
    this.#pages = [];
    for (const page of pages) this.#take(changed(page));
  }

  #settle(): void {
    if (!this.#newest.isEmpty) this.#take(this.#newest.take());
  }

  #take(page: TransitionPage): void {
    let last = page;
    for (let before = this.#pages.at(-1); before && before.length < 2 * last.length; before = this.#pages.at(-1)) {
      last = before.merge(last);
      this.#pages.pop();
    }
    if (last.length > 0) this.#pages.push(last);
  }

  #dropBulk(isKept: (one: BulkTransition) => boolean): void {
    this.bulk = this.bulk.filter((one) => {
      const isToStay = isKept(one);
      if (!isToStay) this.#give(one.assets);
      return isToStay;
    });
  }

  #give(assets: RoaringBitmap32): void {
    if (!this.#isShared) assets.dispose();
  }
}
