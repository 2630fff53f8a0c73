import type { Ordering } from '../ordering.ts';

/** Order of two keys byte by byte, a shorter one before its extensions: memcmp(3). */
export function compareKeys(a: Uint8Array, b: Uint8Array): Ordering {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  if (a.length === b.length) return 0;
  return a.length < b.length ? -1 : 1;
}
