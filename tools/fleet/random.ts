import { createHash } from 'node:crypto';

/** Numbers that depend on nothing but what it is made of: the same seed makes the same fleet anywhere. */
export class Random {
  #state: number;

  constructor(...parts: readonly (string | number)[]) {
    // FNV-1a over the parts, so that neighbours have nothing in common after the first steps.
    let hash = 0x811c9dc5;
    for (const char of parts.join(' ')) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    this.#state = hash >>> 0;
    this.next();
  }

  /** From 0 up to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

/** 32 bytes that only this text makes. */
export function derivedBytes(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
