/**
 * Which of the things under its keys are an owner's alone, where a copy shares them all: those that it put there since. Whatever is another's,
 * too, is copied by whoever changes it first, and left to the garbage collector.
 */
export class Lending<Key> {
  /** Null: all there are. */
  #own: Set<Key> | null = null;

  /** From now on another has everything there is, too. */
  lend(): void {
    this.#own = new Set();
  }

  isOwn(key: Key): boolean {
    return this.#own?.has(key) ?? true;
  }

  /** Under this key is from now on something of its own. */
  take(key: Key): void {
    this.#own?.add(key);
  }
}
