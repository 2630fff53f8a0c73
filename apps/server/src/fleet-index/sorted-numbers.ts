/** The place of the first number of an ascending list that is not below one; behind all where there is none. */
export function firstFrom(list: ArrayLike<number>, from: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether an ascending list holds the number. */
export function includesSorted(list: Uint32Array, wanted: number): boolean {
  return list[firstFrom(list, wanted)] === wanted;
}

/** What the first of two ascending lists has and the second has not, and the other way round. */
export function differences(one: ArrayLike<number>, other: ArrayLike<number>): { onlyOne: number[]; onlyOther: number[] } {
  const onlyOne: number[] = [];
  const onlyOther: number[] = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const a = one[i] ?? Number.POSITIVE_INFINITY;
    const b = other[j] ?? Number.POSITIVE_INFINITY;
    if (a <= b) i += 1;
    if (b <= a) j += 1;
    if (a < b) onlyOne.push(a);
    else if (b < a) onlyOther.push(b);
  }
  return { onlyOne, onlyOther };
}

/** base without `removed`, with `added`; all ascending, `removed` part of base, `added` not. */
export function applyDifference(base: ArrayLike<number>, added: ArrayLike<number>, removed: ArrayLike<number>): Uint32Array {
  const result = new Uint32Array(base.length - removed.length + added.length);
  let [next, gone, come] = [0, 0, 0];
  for (let index = 0; index < base.length; index += 1) {
    const value = base[index] ?? 0;
    while (come < added.length && (added[come] ?? 0) < value) result[next++] = added[come++] ?? 0;
    if (removed[gone] === value) gone += 1;
    else result[next++] = value;
  }
  while (come < added.length) result[next++] = added[come++] ?? 0;
  return result;
}

/** Ascending, each once. Sorted first: a Set of them takes five times as long, for every asset when the index is built. */
export function sortedOnce(values: readonly number[]): Uint32Array {
  const sorted = new Uint32Array(values).sort();
  let kept = 0;
  for (const value of sorted) if (kept === 0 || value !== sorted[kept - 1]) sorted[kept++] = value;
  return kept === sorted.length ? sorted : sorted.slice(0, kept);
}
