/** Of moments that are offered in whatever order, each once or often, the first so many after a bound: ascending, or descending. */
export class NearestMoments {
  readonly #count: number;
  readonly #way: 1 | -1;
  readonly #kept: Float64Array;
  #length = 0;
  /** What is further away is not among them. */
  #furthest = Number.POSITIVE_INFINITY;

  constructor(count: number, isDescending: boolean) {
    this.#count = count;
    this.#way = isDescending ? -1 : 1;
    this.#kept = new Float64Array(4 * count + 64);
  }

  offer(at: number): void {
    const own = this.#way * at;
    if (own > this.#furthest) return;
    if (this.#length === this.#kept.length) this.#settle();
    this.#kept[this.#length++] = own;
  }

  /** Those that are nearest, in their order. */
  take(): Float64Array {
    this.#settle();
    return this.#kept.slice(0, this.#length).map((own) => this.#way * own);
  }

  #settle(): void {
    const kept = this.#kept;
    kept.subarray(0, this.#length).sort();
    let length = 0;
    for (let number = 0; number < this.#length && length < this.#count; number += 1)
      if (length === 0 || kept[number] !== kept[length - 1]) kept[length++] = kept[number] ?? 0;
    this.#length = length;
    if (length === this.#count) this.#furthest = kept[length - 1] ?? 0;
  }
}
