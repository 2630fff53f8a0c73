import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { parseSemanticVersion, writePrecedence, type SemanticVersion } from '../shared/semantic-version.ts';

/**
 * A semantic version whose pre-release, when it is one number, is the revision of Bitnami's packaging ("2.3.1-5"): the same
 * upstream code, so it does not count. Throws VersionError.
 */
export function parseBitnamiVersion(text: string): SemanticVersion {
  const version = parseSemanticVersion(text);
  const isRevision = version.prerelease.length === 1 && /^[0-9]+$/.test(version.prerelease[0] ?? '');
  return isRevision ? { ...version, prerelease: [] } : version;
}

/** Orders two versions by semver.org 2.0.0 without their revisions. Throws VersionError. */
export function compareBitnamiVersions(a: string, b: string): Ordering {
  return compareKeys(bitnamiVersionKey(a), bitnamiVersionKey(b));
}

/** Order-preserving key. Throws VersionError. */
export function bitnamiVersionKey(text: string): Uint8Array {
  const key = new KeyWriter();
  writePrecedence(key, parseBitnamiVersion(text));
  return key.bytes();
}
