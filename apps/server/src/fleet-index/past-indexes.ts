import type { OrganizationIndex } from './organization-index.ts';
import { buildPastIndex, type PastWish } from './past-index.ts';

interface Kept {
  /** The index of now it was made from. */
  readonly whole: OrganizationIndex;
  readonly revision: number;
  /** Since when that knew times. */
  readonly deepSince: number;
  readonly index: Promise<OrganizationIndex>;
  /** By performance.now(): until then it is good enough although something came that may tell of the past, too. */
  until: number;
}

/** Each may be as large as the index of now: people look at one moment, from page to page. */
const maxKept = 2;
/** What nobody asks for is given up. */
const keptForMs = 10 * 60_000;
/**
 * What took long to build is believed for so many times as long, whatever comes: late packages and knowledge tell of the past, too. Most of the work
 * follows when it is asked, so that this is longer than for what is worked out at once.
 */
const patienceFactor = 200;
const quickMs = 20;

/** Indexes of moments of the past, of those that were asked for last. */
export class PastIndexes {
  readonly #kept = new Map<string, Kept>();
  /** Ends when the builds asked for so far have: one at a time, since each takes memory for a fleet and the only thread there is. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** To be used before the next await, as the index of now is. `whole`: what that is at this moment. */
  of(wish: PastWish, whole: OrganizationIndex): Promise<OrganizationIndex> {
    const key = `${wish.organizationId} ${wish.moment}`;
    const known = this.#kept.get(key);
    const isAsDeep = known?.whole === whole && known.deepSince === whole.deepSince;
    const isGood = isAsDeep && (known.revision === whole.revision || performance.now() < known.until);
    if (known && !isGood) this.#giveUp(key);
    const kept = known && isGood ? known : this.#build(key, wish, whole);
    // The one asked for last is given up last.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#giveUp(oldest);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.dispose(), keptForMs).unref();
    return kept.index;
  }

  #build(key: string, wish: PastWish, whole: OrganizationIndex): Kept {
    let begin = 0;
    const index = this.#turn.then(() => {
      begin = performance.now();
      return buildPastIndex(wish);
    });
    this.#turn = index.catch(() => undefined);
    const kept: Kept = { whole, revision: whole.revision, deepSince: whole.deepSince, index, until: Number.POSITIVE_INFINITY };
    index.then(
      () => {
        const took = performance.now() - begin;
        kept.until = took < quickMs ? 0 : begin + took * (1 + patienceFactor);
      },
      // Whoever asks next tries again.
      () => this.#kept.get(key) === kept && this.#kept.delete(key),
    );
    return kept;
  }

  #giveUp(key: string): void {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    // Whoever was just given it has still to use it, without waiting.
    kept?.index.then(
      (index) => setImmediate(() => index.dispose()),
      () => undefined,
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const key of this.#kept.keys()) this.#giveUp(key);
  }
}
