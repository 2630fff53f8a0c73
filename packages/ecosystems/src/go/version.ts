import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { parseSemanticVersion, writePrecedence, type SemanticVersion } from '../shared/semantic-version.ts';

/**
 * A module version (go.dev/ref/mod#versions), with or without its "v"; pseudo-versions and "+incompatible" are semantic versions
 * like any other. Releases of Go itself may be written as the toolchain does: "go1.21rc2" is 1.21.0-rc.2. Throws VersionError.
 */
export function parseGoVersion(text: string): SemanticVersion {
  const release = /^\s*go([0-9]+(?:\.[0-9]+)*)(?:(rc|beta|alpha)([0-9]+))?(?:[ -].*)?$/.exec(text);
  if (!release) return parseSemanticVersion(text);
  return parseSemanticVersion(release[2] === undefined ? `${release[1]}` : `${release[1]}-${release[2]}.${release[3]}`);
}

/** Orders two versions as golang.org/x/mod/semver does; what follows a plus sign does not count. Throws VersionError. */
export function compareGoVersions(a: string, b: string): Ordering {
  return compareKeys(goVersionKey(a), goVersionKey(b));
}

/** Order-preserving key. Throws VersionError. */
export function goVersionKey(text: string): Uint8Array {
  const key = new KeyWriter();
  writePrecedence(key, parseGoVersion(text));
  return key.bytes();
}
