import type { FoundState, Transition } from './detection-history.ts';

/** Transitions of single assets, one after the other. */
export interface TransitionColumns {
  readonly at: Float64Array;
  readonly asset: Uint32Array;
  /** As kindOf makes them. */
  readonly kind: Uint8Array;
}

/** What came and went of one check on single assets, the oldest first: all numbers from `begin` until before `end`. */
export class TransitionRun {
  readonly columns: TransitionColumns;
  place: number;
  begin: number;
  end: number;

  constructor(columns: TransitionColumns, { place, begin, end } = { place: 0, begin: 0, end: 0 }) {
    this.columns = columns;
    this.place = place;
    this.begin = begin;
    this.end = end;
  }

  at(number: number): number {
    return this.columns.at[number] ?? 0;
  }

  asset(number: number): number {
    return this.columns.asset[number] ?? 0;
  }

  kind(number: number): number {
    return this.columns.kind[number] ?? 0;
  }

  from(number: number): FoundState {
    return fromOf(this.kind(number));
  }

  to(number: number): FoundState {
    return toOf(this.kind(number));
  }

  /** Whether the check was found, or was gone, for the very first time. */
  isFirst(number: number): boolean {
    return isFirstOf(this.kind(number));
  }

  /** Gives up what was not from one moment up to another one, both included. */
  keep(since: number, until: number): void {
    this.begin = this.#find((at) => at >= since);
    this.end = this.#find((at) => at > until);
  }

  /** The first number that is so, as all that follow are. */
  #find(isSo: (at: number) => boolean): number {
    let [low, high] = [this.begin, this.end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(this.at(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** What a transition did, as one number. */
export function kindOf({ from, to, first }: Transition): number {
  return from | (to << 2) | (first ? 16 : 0);
}

/** What it was before a transition of that kind. */
export function fromOf(kind: number): FoundState {
  return (kind & 3) as FoundState; // as kindOf put it there
}

/** What it was afterwards. */
export function toOf(kind: number): FoundState {
  return ((kind >> 2) & 3) as FoundState; // as kindOf put it there
}

/** Whether it was the very first time that the check was found, or was gone. */
export function isFirstOf(kind: number): boolean {
  return (kind & 16) !== 0;
}
