import { CopyOnWrite } from './copy-on-write.ts';
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
  #free = new CopyOnWrite(
    new Map<number, number[]>(),
    (free) => new Map(Array.from(free, ([size, places]) => [size, [...places]])),
  );
  #places = new CopyOnWrite(new Float64Array(64).fill(-1), (places) => places.slice());
  #sizes = new CopyOnWrite(new Uint32Array(128), (sizes) => sizes.slice());

  /** Ascending; valid until the next write. */
  added(key: number): Uint32Array {
    const place = this.#places.value[key] ?? -1;
    if (place < 0) return nothing;
    return this.#slice(place, this.#sizes.value[2 * key] ?? 0);
  }

  removed(key: number): Uint32Array {
    const place = this.#places.value[key] ?? -1;
    if (place < 0) return nothing;
    const sizes = this.#sizes.value;
    return this.#slice(place + (sizes[2 * key] ?? 0), sizes[2 * key + 1] ?? 0);
  }

  set(key: number, added: ArrayLike<number>, removed: ArrayLike<number>): void {
    this.#reserveKey(key);
    const place = this.#placeFor(key, added.length + removed.length);
    const sizes = this.#sizes.own;
    [sizes[2 * key], sizes[2 * key + 1]] = [added.length, removed.length];
    if (place < 0) return;
    const page = this.#ownPage(Math.floor(place / pageLength));
    page.set(added, place % pageLength);
    page.set(removed, (place % pageLength) + added.length);
  }

  /** Shares everything, of which each of both takes its own when it writes to it. */
  copy(): DifferenceStore {
    const copy = new DifferenceStore();
    copy.#pages.push(...this.#pages);
    this.#lending.lend();
    copy.#lending.lend();
    copy.#used = this.#used;
    [copy.#free, copy.#places, copy.#sizes] = [this.#free.copy(), this.#places.copy(), this.#sizes.copy()];
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
    const before = this.#places.value[key] ?? -1;
    const sizes = this.#sizes.value;
    const roomBefore = before < 0 ? 0 : room((sizes[2 * key] ?? 0) + (sizes[2 * key + 1] ?? 0));
    const wanted = room(length);
    if (wanted === roomBefore) return before;
    if (before >= 0) this.#release(before, roomBefore);
    const place = wanted === 0 ? -1 : this.#take(wanted);
    this.#places.own[key] = place;
    return place;
  }

  #release(place: number, size: number): void {
    const free = this.#free.own;
    const places = free.get(size);
    if (places) places.push(place);
    else free.set(size, [place]);
  }

  #take(size: number): number {
    if (size > pageLength) throw new RangeError(`a difference of ${size} numbers does not fit a page`);
    const left = this.#free.own.get(size)?.pop();
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
    const [before, sizesBefore] = [this.#places.value, this.#sizes.value];
    if (key < before.length) return;
    const length = Math.max(key + 1, before.length * 2);
    const [places, sizes] = [new Float64Array(length).fill(-1), new Uint32Array(length * 2)];
    places.set(before);
    sizes.set(sizesBefore);
    this.#places.replace(places);
    this.#sizes.replace(sizes);
  }
}

const nothing = new Uint32Array(0);

function room(length: number): number {
  return Math.ceil(length / step) * step;
}
