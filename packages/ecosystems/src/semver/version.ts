import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { parseSemanticVersion, writePrecedence } from '../shared/semantic-version.ts';

/** Orders two versions by semver.org 2.0.0, item 11; build metadata does not count. Throws VersionError. */
export function compareSemverVersions(a: string, b: string): Ordering {
  return compareKeys(semverVersionKey(a), semverVersionKey(b));
}

/** Order-preserving key. Throws VersionError like parseSemanticVersion. */
export function semverVersionKey(text: string): Uint8Array {
  const key = new KeyWriter();
  writePrecedence(key, parseSemanticVersion(text));
  return key.bytes();
}
