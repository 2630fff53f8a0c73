/**
 * Remembers the nonces of accepted requests for as long as their signatures are valid, so that a recorded request cannot be played
 * again. Kept per process: what agents send is idempotent besides, so a replay at another process changes nothing.
 */
export class NonceMemory {
  readonly #expiry = new Map<string, number>();
  #nextSweep = 0;

  /** False when the nonce was seen before. Times in seconds since the epoch. */
  remember(nonce: string, expires: number, now: number): boolean {
    if (now >= this.#nextSweep) {
      for (const [key, at] of this.#expiry) if (at < now) this.#expiry.delete(key);
      this.#nextSweep = now + 30;
    }
    if (this.#expiry.has(nonce)) return false;
    this.#expiry.set(nonce, expires);
    return true;
  }
}
