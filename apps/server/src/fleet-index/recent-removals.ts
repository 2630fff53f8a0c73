interface Removal {
  readonly at: number;
  readonly asset: number;
}

/** Two generations of so many are kept. */
const generation = 100_000;

/**
 * Which assets lately lost a package version: a verdict that comes late may speak of the time before. What is forgotten here is found by the
 * verification.
 */
export class RecentRemovals {
  #young = new Map<number, Removal[]>();
  #old = new Map<number, Removal[]>();
  #count = 0;

  add(packageVersion: number, removal: Removal): void {
    const list = this.#young.get(packageVersion);
    if (list) list.push(removal);
    else this.#young.set(packageVersion, [removal]);
    this.#count += 1;
    if (this.#count < generation) return;
    [this.#old, this.#young, this.#count] = [this.#young, new Map(), 0];
  }

  /** Assets that lost it at this moment or later. */
  *since(packageVersion: number, moment: number): Iterable<number> {
    for (const removals of [this.#old, this.#young]) {
      for (const { at, asset } of removals.get(packageVersion) ?? []) if (at >= moment) yield asset;
    }
  }
}
