import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { numberListKey, parseNumberList } from '../shared/number-list.ts';

/** Numbers of a Haskell package version, separated by dots (Package Versioning Policy). Throws VersionError. */
export function parseHackageVersion(text: string): readonly string[] {
  return parseNumberList(text, /\./);
}

/** Orders two versions as Data.Version does. Throws VersionError. */
export function compareHackageVersions(a: string, b: string): Ordering {
  return compareKeys(hackageVersionKey(a), hackageVersionKey(b));
}

/** Order-preserving key. Throws VersionError. */
export function hackageVersionKey(text: string): Uint8Array {
  return numberListKey(parseHackageVersion(text));
}
