import { setTimeout as delay } from 'node:timers/promises';
import { BusyError, RefusedError } from './fleet.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';

export interface DriveOptions {
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** For the waits between attempts. */
  readonly random: Random;
  /** Attempts of one request before it counts as failed. */
  readonly attempts?: number;
}

/**
 * Does `work` until it succeeds, as an agent does: waits as long as the platform asks, or with a growing pause when it does not
 * answer. False when it never did.
 */
export async function persist(work: () => Promise<unknown>, options: DriveOptions): Promise<boolean> {
  const { tally, signal, random, attempts = 20 } = options;
  for (let attempt = 1; attempt <= attempts && !signal.aborted; attempt += 1) {
    const startedAt = performance.now();
    try {
      await work();
      tally.latenciesMs.push(performance.now() - startedAt);
      tally.acknowledged += 1;
      return true;
    } catch (error) {
      const ceiling = Math.min(30, 0.2 * 2 ** attempt);
      const waitSeconds = error instanceof BusyError ? error.retryAfterSeconds : ceiling * (0.5 + random.next() / 2);
      if (error instanceof BusyError) tally.postponed += 1;
      else if (tally.problems.size < 5) tally.problems.add(error instanceof Error ? error.message : String(error));
      if (error instanceof RefusedError) break;
      await delay(waitSeconds * 1000, undefined, { signal }).catch(() => undefined);
    }
  }
  tally.failed += 1;
  return false;
}

/** Works on all items, so many at a time, in their order. */
export async function eachOf<Item>(items: Iterable<Item>, lanes: number, work: (item: Item) => Promise<unknown>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Starts work for each item at a moment of its own within a window, however long the work of others takes. */
export async function spreadOver<Item>(
  items: readonly Item[],
  { windowMs, random, signal }: { windowMs: number; random: Random; signal: AbortSignal },
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  const moments = items.map((item) => ({ item, at: random.next() * windowMs })).toSorted((a, b) => a.at - b.at);
  const running: Promise<unknown>[] = [];
  for (const { item, at } of moments) {
    const waitMs = startedAt + at - performance.now();
    if (waitMs > 2) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    running.push(work(item));
  }
  await Promise.all(running);
}
