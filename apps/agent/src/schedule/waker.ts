/** A sleep that ends early when somebody calls `wake`; a call while nobody sleeps is kept for the next sleep. */
export class Waker {
  #wake: (() => void) | null = null;
  #isWoken = false;

  readonly wake = (): void => {
    this.#isWoken = true;
    this.#wake?.();
  };

  async sleep(milliseconds: number): Promise<void> {
    if (!this.#isWoken) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, Math.min(Math.max(milliseconds, 0), longestTimerMs));
      await promise;
      clearTimeout(timer);
      this.#wake = null;
    }
    this.#isWoken = false;
  }
}

/** setTimeout takes no more than 31 bits. */
const longestTimerMs = 2 ** 31 - 1;
