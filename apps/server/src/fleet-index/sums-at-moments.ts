import { firstFrom } from './sorted-numbers.ts';
import type { AssetTable } from './asset-table.ts';

/**
 * Sums at moments, ascending, in ms since 1970. What is added to all moments of a stretch costs the same however many these are: a busy fleet has
 * millions of comings and goings in the weeks of a chart.
 */
export class SumsAtMoments {
  readonly #moments: readonly number[];
  /** What each moment has more than the one before. */
  readonly #steps: Float64Array;

  constructor(moments: readonly number[]) {
    this.#moments = moments;
    this.#steps = new Float64Array(moments.length + 1);
  }

  /** Adds to each moment from one time on and before another. */
  add(from: number, until: number, value: number): void {
    this.addBetween(this.placeOf(from), this.placeOf(until), value);
  }

  /** Adds to the moments from one place on and before another. */
  addBetween(begin: number, end: number, value: number): void {
    if (begin >= end) return;
    this.#steps[begin] = (this.#steps[begin] ?? 0) + value;
    this.#steps[end] = (this.#steps[end] ?? 0) - value;
  }

  sums(): number[] {
    let sum = 0;
    return this.#moments.map((_, place) => (sum += this.#steps[place] ?? 0));
  }

  /** The place of the first moment that is not before a time. */
  placeOf(time: number): number {
    return firstFrom(this.#moments, time);
  }
}

/** For each asset the place of the first of these moments, ascending, at which it was there. */
export function birthPlaces(table: AssetTable, moments: readonly number[]): Uint32Array {
  const sums = new SumsAtMoments(moments);
  return Uint32Array.from(table.assets, (_, asset) => sums.placeOf(table.birth(asset)));
}
