import type { Collector } from '@vedette/collectors';

/** Quiet time after the last change of a watched file: a package run writes its database many times. */
const quietMs = 1000;
/** No longer than this after the first change, however busy the file is. */
const longestDelayMs = 10_000;

/** When each collector has to run next. Times in milliseconds of one clock. */
export class DueCollectors {
  readonly #collectors: readonly Collector[];
  readonly #dueAt = new Map<string, number>();
  /** First change since the last run. */
  readonly #changedAt = new Map<string, number>();

  constructor(collectors: readonly Collector[]) {
    this.#collectors = collectors;
  }

  /** A watched path, or something below it, changed: every collector that watches it follows. */
  changed(path: string, now: number): void {
    for (const { fact, watches } of this.#collectors) {
      if (!watches.some((watched) => path === watched || path.startsWith(`${watched}/`))) continue;
      const first = this.#changedAt.get(fact.name) ?? now;
      this.#changedAt.set(fact.name, first);
      this.#dueAt.set(fact.name, Math.min(now + quietMs, first + longestDelayMs));
    }
  }

  require(name: string, now: number): void {
    this.#dueAt.set(name, now);
  }

  requireAll(now: number): void {
    for (const { fact } of this.#collectors) this.#dueAt.set(fact.name, now);
  }

  /** Those that are due, in inventory order; each counts as run from now on. */
  take(now: number): Collector[] {
    const due = this.#collectors.filter(({ fact }) => (this.#dueAt.get(fact.name) ?? Infinity) <= now);
    for (const { fact, refreshSeconds } of due) {
      this.#changedAt.delete(fact.name);
      this.#dueAt.set(fact.name, refreshSeconds === null ? Infinity : now + refreshSeconds * 1000);
    }
    return due;
  }

  /** When `take` has something again; Infinity when only a change can bring it. */
  nextAt(): number {
    return Math.min(Infinity, ...this.#dueAt.values());
  }
}
