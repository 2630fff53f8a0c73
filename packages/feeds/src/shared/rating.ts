import type { Severity } from '@vedette/protocol';

const words: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ['critical', 5],
  ['important', 4],
  ['high', 4],
  ['moderate', 3],
  ['medium', 3],
  ['low', 2],
  ['negligible', 1],
  ['none', 1],
]);

/** The severity that an authority's word stands for, in any case; null for a word of no known scale. */
export function ratingOf(word: string): Severity | null {
  return words.get(word.trim().toLowerCase()) ?? null;
}
