import type { Ordering } from '../ordering.ts';
import { checkedVersion, syntaxError } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

const form = /^[0-9]+[a-zA-Z]*(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Segments of a gem's version as Gem::Version compares them: runs of digits and runs of letters, a hyphen being the segment "pre",
 * without the zeros at the end and in front of the first letters. Blank text is "0", as in Gem::Version. Throws VersionError for
 * what Gem::Version calls malformed, except letters right behind the first number ("1beta"), which advisories have. The platform of a gem ("1.2.0-x86_64-linux") is no part of its version: readers of lock files
 * cut it off.
 */
export function parseGemVersion(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const trimmed = checkedVersion(text);
  if (!form.test(trimmed)) throw syntaxError(trimmed, 'of the form 1.2.3.rc4');
  const segments = trimmed.replaceAll('-', '.pre.').match(/[0-9]+|[a-zA-Z]+/g) ?? [];
  const firstLetters = segments.findIndex((segment) => !isNumber(segment));
  const border = firstLetters < 0 ? segments.length : firstLetters;
  return [...withoutZerosAtEnd(segments.slice(0, border)), ...withoutZerosAtEnd(segments.slice(border))];
}

/** Orders two versions as Gem::Version does. Throws VersionError. */
export function compareGemVersions(a: string, b: string): Ordering {
  return compareKeys(gemVersionKey(a), gemVersionKey(b));
}

/**
 * A missing segment is zero, letters come before zero. So a run of zeros is written with what follows it: the fewer zeros stand
 * before letters the earlier, the fewer stand before a number the later, and the end lies between.
 */
const rank = { letters: 1, end: 2, number: 3 } as const;

/** Order-preserving key. Throws VersionError. */
export function gemVersionKey(text: string): Uint8Array {
  const key = new KeyWriter();
  let zeros = 0;
  for (const segment of parseGemVersion(text)) {
    if (isZero(segment)) {
      zeros += 1;
      continue;
    }
    if (isNumber(segment)) key.byte(rank.number).descending(zeros).number(segment);
    else key.byte(rank.letters).small(zeros).text(segment);
    zeros = 0;
  }
  return key.byte(rank.end).bytes();
}

function isNumber(segment: string): boolean {
  return segment.charCodeAt(0) <= 0x39;
}

function isZero(segment: string): boolean {
  return /^0+$/.test(segment);
}

function withoutZerosAtEnd(segments: readonly string[]): readonly string[] {
  const last = segments.findLastIndex((segment) => !isZero(segment));
  return segments.slice(0, last + 1);
}
