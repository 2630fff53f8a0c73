import { firstFrom } from './sorted-numbers.ts';
import { type TransitionColumns, TransitionRun } from './transition-run.ts';

interface Times {
  oldest: number;
  newest: number;
}

interface Contents {
  /** Of the checks, ascending. */
  readonly places: Int32Array;
  /** Where the run of each check begins, and where the last one ends. */
  readonly starts: Uint32Array;
  /** Nothing of it is older, and nothing newer. */
  readonly times: Readonly<Times>;
}

/** Transitions of single assets by check, and those of a check in order of time. A page never changes: whoever has it may keep it. */
export class TransitionPage {
  readonly #columns: TransitionColumns;
  readonly #places: Int32Array;
  readonly #starts: Uint32Array;
  readonly #times: Readonly<Times>;

  /** What a writer made. */
  constructor(columns: TransitionColumns, { places, starts, times }: Contents) {
    [this.#columns, this.#places, this.#starts, this.#times] = [columns, places, starts, times];
  }

  get length(): number {
    return this.#columns.at.length;
  }

  /** What was from one moment up to another one, both included, check by check. The same run is handed out again for the next. */
  forEachRun(since: number, until: number, visit: (run: TransitionRun) => void): void {
    if (!this.#touches(since, until)) return;
    const run = new TransitionRun(this.#columns);
    for (let number = 0; number < this.#places.length; number += 1) this.#visit(run, number, { since, until, visit });
  }

  /** The same of one check. */
  forEachRunOf(place: number, since: number, until: number, visit: (run: TransitionRun) => void): void {
    if (!this.#touches(since, until)) return;
    const number = this.#find(place);
    if (this.#places[number] === place) this.#visit(new TransitionRun(this.#columns), number, { since, until, visit });
  }

  /** All of this page and another one. */
  merge(other: TransitionPage): TransitionPage {
    const writer = new PageWriter(this.length + other.length);
    const [one, two] = [new TransitionRun(this.#columns), new TransitionRun(other.#columns)];
    let [first, second] = [0, 0];
    while (first < this.#places.length || second < other.#places.length) {
      const order = (this.#places[first] ?? Number.POSITIVE_INFINITY) - (other.#places[second] ?? Number.POSITIVE_INFINITY);
      if (order <= 0) this.#point(one, first++);
      if (order >= 0) other.#point(two, second++);
      if (order === 0) writer.takeBoth(one, two);
      else writer.take(order < 0 ? one : two);
    }
    return writer.end();
  }

  /** What was from one moment up to another one, both included. */
  within(since: number, until: number): TransitionPage {
    if (this.#isWithin(since, until)) return this;
    const writer = new PageWriter(this.length);
    this.forEachRun(since, until, (run) => writer.take(run));
    return writer.end();
  }

  /** All but what is marked of the assets. */
  without(isForgotten: Uint8Array): TransitionPage {
    const { at, asset, kind } = this.#columns;
    const gone: number[] = [];
    for (let number = 0; number < asset.length; number += 1) if (isForgotten[asset[number] ?? 0] === 1) gone.push(number);
    if (gone.length === 0) return this;
    const length = asset.length - gone.length;
    const columns = {
      at: copyWithout(at, gone, new Float64Array(length)),
      asset: copyWithout(asset, gone, new Uint32Array(length)),
      kind: copyWithout(kind, gone, new Uint8Array(length)),
    };
    let before = 0;
    const starts = this.#starts.map((start) => {
      while ((gone[before] ?? start) < start) before += 1;
      return start - before;
    });
    return new TransitionPage(columns, { places: this.#places, starts, times: this.#times });
  }

  #isWithin(since: number, until: number): boolean {
    return this.#times.oldest >= since && this.#times.newest <= until;
  }

  #touches(since: number, until: number): boolean {
    return this.#times.newest >= since && this.#times.oldest <= until;
  }

  #visit(run: TransitionRun, number: number, { since, until, visit }: Visit): void {
    this.#point(run, number);
    if (since > this.#times.oldest || until < this.#times.newest) run.keep(since, until);
    if (run.begin < run.end) visit(run);
  }

  /** Points a run of these columns to the check with this number. */
  #point(run: TransitionRun, number: number): void {
    run.place = this.#places[number] ?? 0;
    run.begin = this.#starts[number] ?? 0;
    run.end = this.#starts[number + 1] ?? 0;
  }

  /** The number of the first check that has this place or a higher one. */
  #find(place: number): number {
    return firstFrom(this.#places, place);
  }
}

interface Visit {
  readonly since: number;
  readonly until: number;
  readonly visit: (run: TransitionRun) => void;
}

/** Copies all but those with these numbers, which ascend. */
function copyWithout<Column extends Float64Array | Uint32Array | Uint8Array>(
  from: Column,
  gone: readonly number[],
  to: Column,
): Column {
  let begin = 0;
  for (const [count, end] of [...gone, from.length].entries()) {
    to.set(from.subarray(begin, end), begin - count);
    begin = end + 1;
  }
  return to;
}

/** From this length on it is quicker to copy a stretch than its parts. */
const longRun = 32;

/** Writes a page in its order. */
export class PageWriter {
  readonly #columns: TransitionColumns;
  readonly #places: number[] = [];
  readonly #starts: number[] = [];
  readonly #times: Times = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY };
  #place = -1;
  #length = 0;

  constructor(capacity: number) {
    this.#columns = { at: new Float64Array(capacity), asset: new Uint32Array(capacity), kind: new Uint8Array(capacity) };
  }

  write(run: TransitionRun, number: number): void {
    const { at, asset, kind } = this.#columns;
    this.#begin(run.place, run.at(number), run.at(number));
    at[this.#length] = run.at(number);
    asset[this.#length] = run.asset(number);
    kind[this.#length] = run.kind(number);
    this.#length += 1;
  }

  take(run: TransitionRun): void {
    const { place, begin, end, columns } = run;
    if (end - begin < longRun) {
      for (let number = begin; number < end; number += 1) this.write(run, number);
      return;
    }
    this.#begin(place, run.at(begin), run.at(end - 1));
    this.#columns.at.set(columns.at.subarray(begin, end), this.#length);
    this.#columns.asset.set(columns.asset.subarray(begin, end), this.#length);
    this.#columns.kind.set(columns.kind.subarray(begin, end), this.#length);
    this.#length += end - begin;
  }

  /** Two runs of one check. */
  takeBoth(one: TransitionRun, other: TransitionRun): void {
    while (one.begin < one.end && other.begin < other.end) {
      if (one.at(one.begin) <= other.at(other.begin)) this.write(one, one.begin++);
      else this.write(other, other.begin++);
    }
    this.take(one);
    this.take(other);
  }

  end(): TransitionPage {
    const { at, asset, kind } = this.#columns;
    const length = this.#length;
    const columns =
      length === at.length
        ? this.#columns
        : { at: at.slice(0, length), asset: asset.slice(0, length), kind: kind.slice(0, length) };
    this.#starts.push(length);
    const [places, starts] = [Int32Array.from(this.#places), Uint32Array.from(this.#starts)];
    return new TransitionPage(columns, { places, starts, times: this.#times });
  }

  #begin(place: number, oldest: number, newest: number): void {
    if (oldest < this.#times.oldest) this.#times.oldest = oldest;
    if (newest > this.#times.newest) this.#times.newest = newest;
    if (this.#place === place) return;
    this.#place = place;
    this.#places.push(place);
    this.#starts.push(this.#length);
  }
}
