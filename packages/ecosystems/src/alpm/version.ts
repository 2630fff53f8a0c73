import type { Ordering } from '../ordering.ts';
import { checkedVersion } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { splitEpochVersionRelease, type EpochVersionRelease } from '../shared/epoch-version-release.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** Takes [epoch:]pkgver[-pkgrel] apart as pacman does (vercmp(8)). Throws VersionError for empty, overlong or control characters. */
export function parseAlpmVersion(text: string): EpochVersionRelease {
  return splitEpochVersionRelease(checkedVersion(text));
}

/**
 * Orders two versions as vercmp(8) does. As there, pkgrel counts only where both have one: "2.0" equals "2.0-1" and "2.0-13". With
 * such a version in the game the order is not transitive, and no key can express it; alpmVersionKey then puts "2.0" before "2.0-1".
 * All packages have a pkgrel. Throws VersionError.
 */
export function compareAlpmVersions(a: string, b: string): Ordering {
  const left = parseAlpmVersion(a);
  const right = parseAlpmVersion(b);
  const ignoreRelease = left.release === null || right.release === null;
  return compareKeys(keyOf(left, ignoreRelease), keyOf(right, ignoreRelease));
}

/** Order-preserving key: epoch, segments of pkgver, 0 or 1 and the segments of pkgrel. Throws VersionError. */
export function alpmVersionKey(text: string): Uint8Array {
  return keyOf(parseAlpmVersion(text), false);
}

function keyOf({ epoch, version, release }: EpochVersionRelease, ignoreRelease: boolean): Uint8Array {
  const key = new KeyWriter().number(epoch);
  writeSegments(key, version);
  if (ignoreRelease || release === null) return key.byte(0).bytes();
  writeSegments(key.byte(1), release);
  return key.bytes();
}

/**
 * Letters that follow without separator come before the end ("1.0rc" < "1.0"), digits after it; segments after separators come
 * last, the more separators the later.
 */
const rank = { attachedLetters: 1, end: 2, attachedNumber: 3, separated: 4 } as const;
/** Behind separators: what ends in them lies between letters and numbers. */
const separatedRank = { letters: 1, end: 2, number: 3 } as const;

function writeSegments(key: KeyWriter, text: string): void {
  for (const [, separators = '', segment = ''] of text.matchAll(/([^0-9A-Za-z]*)([0-9]+|[A-Za-z]+|$)/g)) {
    const isNumber = segment !== '' && segment.charCodeAt(0) <= 0x39;
    if (separators === '') {
      if (segment === '') break;
      key.byte(isNumber ? rank.attachedNumber : rank.attachedLetters);
    } else {
      // Trailing separators count as one, however many: two versions that both end in some are equal.
      key.byte(rank.separated).small(segment === '' ? 1 : separators.length);
      key.byte(segment === '' ? separatedRank.end : isNumber ? separatedRank.number : separatedRank.letters);
    }
    if (segment === '') return;
    if (isNumber) key.number(segment);
    else key.text(segment);
  }
  key.byte(rank.end);
}
