import type { Collector, Watch } from '@vedette/collectors';

/** Quiet time after the last change: who changes one file often changes the next one too. */
const quietMs = 250;
/** No longer than this after the first change, however busy the file is. */
const longestDelayMs = 10_000;
/** How often a lock is looked at that nobody told the release of. */
const lockPollMs = 1000;
/** A run of a package manager that takes longer, say because it asks a question, is read in its middle, and again at its end. */
const longestLockMs = 10 * 60_000;

export interface DueCollector {
  readonly collector: Collector;
  /** Because something it watches has changed, not because it is time to look. */
  readonly isChange: boolean;
}

/** When each collector has to run next. Times in milliseconds of one clock. */
export class DueCollectors {
  #collectors: readonly Collector[];
  readonly #isLocked: (path: string) => boolean;
  readonly #dueAt = new Map<string, number>();
  /** First change since the last run. */
  readonly #changedAt = new Map<string, number>();

  constructor(collectors: readonly Collector[], isLocked: (path: string) => boolean) {
    this.#collectors = collectors;
    this.#isLocked = isLocked;
  }

  /** Others run from now on; those that did not before, or are another one by now, as for a change. */
  use(collectors: readonly Collector[], now: number): void {
    const fresh = collectors.filter((collector) => !this.#collectors.includes(collector));
    this.#collectors = collectors;
    for (const { fact } of fresh) this.#changedAt.set(fact.name, now);
    for (const { fact } of fresh) this.#dueAt.set(fact.name, now);
    for (const name of this.#dueAt.keys()) if (!collectors.some(({ fact }) => fact.name === name)) this.#forgetTimes(name);
  }

  /** Something changed: every collector that watches it follows; and what waits for a lock looks whether this was its release. */
  changed(watch: Watch, now: number): void {
    for (const { fact, watches, settlesWith = [], forget } of this.#collectors) {
      const first = this.#changedAt.get(fact.name) ?? now;
      if (watches.includes(watch)) forget?.(watch);
      if (watches.includes(watch)) this.#changedAt.set(fact.name, first);
      else if (!settlesWith.some((lock) => lock === watch) || !this.#changedAt.has(fact.name)) continue;
      this.#dueAt.set(fact.name, Math.min(now + quietMs, Math.max(first + longestDelayMs, now)));
    }
  }

  require(name: string, now: number): void {
    this.#dueAt.set(name, now);
  }

  requireAll(now: number): void {
    for (const { fact, forget } of this.#collectors) {
      forget?.(null);
      this.#dueAt.set(fact.name, now);
    }
  }

  /** The next that is due: changes first, then in inventory order. Null when nothing is. */
  next(now: number): DueCollector | null {
    const due = this.#collectors.filter((collector) => this.#isDue(collector, now) && !this.#waitsForLock(collector, now));
    const changed = due.find(({ fact }) => this.#changedAt.has(fact.name));
    const collector = changed ?? due[0];
    return collector === undefined ? null : { collector, isChange: changed !== undefined };
  }

  /** The same; it counts as run from now on. */
  take(now: number): DueCollector | null {
    const next = this.next(now);
    if (next === null) return null;
    const { fact, refreshSeconds } = next.collector;
    this.#changedAt.delete(fact.name);
    this.#dueAt.set(fact.name, refreshSeconds === null ? Infinity : now + refreshSeconds * 1000);
    return next;
  }

  /** A change waits to be read. */
  hasChange(now: number): boolean {
    return this.#collectors.some((collector) => this.#changedAt.has(collector.fact.name) && this.#isDue(collector, now));
  }

  /** When `take` has something again; Infinity when only a change can bring it. */
  nextAt(): number {
    return Math.min(Infinity, ...this.#dueAt.values());
  }

  #forgetTimes(name: string): void {
    this.#dueAt.delete(name);
    this.#changedAt.delete(name);
  }

  #isDue({ fact }: Collector, now: number): boolean {
    return (this.#dueAt.get(fact.name) ?? Infinity) <= now;
  }

  /** A change that somebody is still at. Without a change there is nothing to wait for: a first inventory shall not. */
  #waitsForLock({ fact, settlesWith = [] }: Collector, now: number): boolean {
    const first = this.#changedAt.get(fact.name);
    if (first === undefined || now - first >= longestLockMs || !settlesWith.some(this.#isLocked)) return false;
    this.#dueAt.set(fact.name, now + lockPollMs);
    return true;
  }
}
