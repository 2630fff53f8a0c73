import { Lending } from './lending.ts';

/** Numbers of a page; one page is 1 MB. */
const pageLength = 1 << 18;
/** Room is given in steps of so many numbers, so that a place that was left fits the next one. */
const step = 8;

/**
 * Two short ascending lists of numbers for each key, packed: an array object each would take several times the memory of what it
 * holds. Keys are dense.
 */
export class DifferenceStore {
  readonly #pages: Uint32Array[] = [];
  /** Of pages, by their number. */
  readonly #lending = new Lending<number>();
  #used = pageLength;
  /** Places that were left, by their room. */
  readonly #free = new Map<number, number[]>();
  #places = new Float64Array(64).fill(-1);
  #sizes = new Uint32Array(128);

  /** Ascending; valid until the next write. */
  added(key: number): Uint32Array {
    const place = this.#places[key] ?? -1;
    if (place < 0) return nothing;
    return this.#slice(place, this.#sizes[2 * key] ?? 0);
  }

  removed(key: number): Uint32Array {
    const place = this.#places[key] ?? -1;
    if (place < 0) return nothing;
    return this.#slice(place + (this.#sizes[2 * key] ?? 0), this.#sizes[2 * key + 1] ?? 0);
  }

  set(key: number, added: ArrayLike<number>, removed: ArrayLike<number>): void {
    this.#reserveKey(key);
    const place = this.#placeFor(key, added.length + removed.length);
    this.#sizes[2 * key] = added.length;
    this.#sizes[2 * key + 1] = removed.length;
    if (place < 0) return;
    const page = this.#ownPage(Math.floor(place / pageLength));
    page.set(added, place % pageLength);
    page.set(removed, (place % pageLength) + added.length);
  }

  /** Shares its pages, of which each of both takes its own when it writes to it. */
  copy(): DifferenceStore {
    const copy = new DifferenceStore();
    copy.#pages.push(...this.#pages);
    this.#lending.lend();
    copy.#lending.lend();
    copy.#used = this.#used;
    for (const [size, places] of this.#free) copy.#free.set(size, [...places]);
    copy.#places = this.#places.slice();
    copy.#sizes = this.#sizes.slice();
    return copy;
  }

  #slice(place: number, length: number): Uint32Array {
    const offset = place % pageLength;
    return (this.#pages[Math.floor(place / pageLength)] ?? nothing).subarray(offset, offset + length);
  }

  #ownPage(number: number): Uint32Array {
    const page = this.#pages[number] ?? nothing;
    return this.#lending.isOwn(number) ? page : this.#putPage(number, page.slice());
  }

  #putPage(number: number, page: Uint32Array): Uint32Array {
    this.#lending.take(number);
    return (this.#pages[number] = page);
  }

  #placeFor(key: number, length: number): number {
    const before = this.#places[key] ?? -1;
    const roomBefore = before < 0 ? 0 : room((this.#sizes[2 * key] ?? 0) + (this.#sizes[2 * key + 1] ?? 0));
    const wanted = room(length);
    if (wanted === roomBefore) return before;
    if (before >= 0) this.#release(before, roomBefore);
    const place = wanted === 0 ? -1 : this.#take(wanted);
    this.#places[key] = place;
    return place;
  }

  #release(place: number, size: number): void {
    const places = this.#free.get(size);
    if (places) places.push(place);
    else this.#free.set(size, [place]);
  }

  #take(size: number): number {
    if (size > pageLength) throw new RangeError(`a difference of ${size} numbers does not fit a page`);
    const left = this.#free.get(size)?.pop();
    if (left !== undefined) return left;
    if (this.#used + size > pageLength) {
      this.#putPage(this.#pages.length, new Uint32Array(pageLength));
      this.#used = 0;
    }
    const place = (this.#pages.length - 1) * pageLength + this.#used;
    this.#used += size;
    return place;
  }

  #reserveKey(key: number): void {
    if (key < this.#places.length) return;
    const length = Math.max(key + 1, this.#places.length * 2);
    const places = new Float64Array(length).fill(-1);
    places.set(this.#places);
    this.#places = places;
    const sizes = new Uint32Array(length * 2);
    sizes.set(this.#sizes);
    this.#sizes = sizes;
  }
}

const nothing = new Uint32Array(0);

function room(length: number): number {
  return Math.ceil(length / step) * step;
}
