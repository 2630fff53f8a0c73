/**
 * How often something may be done before its time: `burst` times at once after a quiet time, in the long run once in `everyMs`. All moments
 * are milliseconds of one clock that nobody sets.
 */
export class Pace {
  readonly #burst: number;
  readonly #everyMs: number;
  #left: number;
  #at = 0;

  constructor({ burst, everyMs }: { readonly burst: number; readonly everyMs: number }) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#left = burst;
  }

  /** It was done at this moment. */
  made(now: number): void {
    this.#left = Math.max(0, this.#leftAt(now) - 1);
    this.#at = now;
  }

  /** The earliest moment for the next one. */
  soonest(now: number): number {
    return now + Math.max(0, 1 - this.#leftAt(now)) * this.#everyMs;
  }

  #leftAt(now: number): number {
    return Math.min(this.#burst, this.#left + (now - this.#at) / this.#everyMs);
  }
}
