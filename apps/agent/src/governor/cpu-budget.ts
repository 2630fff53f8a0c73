/** How much CPU may be used from now on. */
export interface CpuAllowance {
  /** CPU time per time that passes, in percent of one CPU. */
  readonly percent: number;
  /** CPU milliseconds that may be used at once after a quiet time. */
  readonly burstMs: number;
}

/** Work goes on in slices of this much: shorter ones waste more than they save. */
const sliceMs = 5;
/** Nobody waits longer for what was used before: after hours of changes a check still comes. */
const longestDebtMs = 60_000;
/** The allowance may change while it waits, so it looks again this often. */
const longestWaitMs = 500;

/**
 * A token bucket of CPU time. All that the process uses is taken from it, also what garbage collection and threads use; who has used more
 * than there was waits until the debt is paid.
 */
export class CpuBudget {
  readonly #usedMs: () => number;
  #tokensMs = Infinity;
  #usedAtMs: number;
  #atMs: number;

  /** `usedMs`: CPU time of the process so far. `now`: milliseconds of a clock that nobody sets. */
  constructor(usedMs: () => number, now: number) {
    this.#usedMs = usedMs;
    this.#usedAtMs = usedMs();
    this.#atMs = now;
  }

  /** Milliseconds to wait before the next slice; 0 when work may go on. */
  waitMs({ percent, burstMs }: CpuAllowance, now: number): number {
    const used = this.#usedMs();
    const share = percent / 100;
    const earned = Math.max(0, now - this.#atMs) * share;
    const tokens = Math.min(this.#tokensMs + earned, burstMs) - (used - this.#usedAtMs);
    this.#tokensMs = Math.max(tokens, -share * longestDebtMs);
    this.#usedAtMs = used;
    this.#atMs = now;
    return this.#tokensMs > -sliceMs ? 0 : Math.min(-this.#tokensMs / share, longestWaitMs);
  }
}
