import { createHash, type Hash } from 'node:crypto';
import { ReleaseError } from './release-error.ts';

/** What a file must be: its length and each of its hashes. */
export interface Expected {
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
}

/**
 * Holds bytes against what was signed while they stream by, so that endless data ends at the first byte too many and nothing unchecked is
 * kept. Throws ReleaseError `TARGET_MISMATCH`.
 */
export class TargetCheck {
  readonly #expected: Expected;
  readonly #hashes: ReadonlyMap<string, Hash>;
  #length = 0;

  constructor(expected: Expected) {
    const names = Object.keys(expected.hashes);
    if (!names.includes('sha256') && !names.includes('sha512'))
      throw new ReleaseError('TARGET_MISMATCH', 'no hash that we trust was signed');
    this.#expected = expected;
    this.#hashes = new Map(names.map((name) => [name, createHash(name)]));
  }

  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#expected.length) {
      throw new ReleaseError('TARGET_MISMATCH', `more than the signed ${this.#expected.length} bytes`);
    }
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** After the last byte. */
  finish(): void {
    const { length, hashes } = this.#expected;
    if (this.#length !== length) throw new ReleaseError('TARGET_MISMATCH', `${this.#length} bytes instead of ${length}`);
    for (const [name, hash] of this.#hashes) {
      if (hash.digest('hex') !== hashes[name]) throw new ReleaseError('TARGET_MISMATCH', `${name} is not the signed one`);
    }
  }
}
