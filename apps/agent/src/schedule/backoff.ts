/** Seconds between attempts: full jitter between `leastSeconds` and a ceiling that doubles up to `mostSeconds`, so that a fleet does not return in step. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure; never less than what the platform asked for, and up to a quarter more, so that not all it asked come back together. */
  failed(retryAfterSeconds = 0): number {
    this.#failures = Math.min(this.#failures + 1, 16);
    const ceiling = Math.min(mostSeconds, leastSeconds * 2 ** this.#failures);
    const random = this.#random();
    return 1000 * Math.max(retryAfterSeconds * (1 + random / 4), leastSeconds + random * (ceiling - leastSeconds));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}

const leastSeconds = 1;
const mostSeconds = 300;
