import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { parseSemanticVersion, writeIdentifiers, writePrecedence } from '../shared/semantic-version.ts';

/** Orders two versions as Dart's pub does: semantic versions in which build metadata counts last. Throws VersionError. */
export function comparePubVersions(a: string, b: string): Ordering {
  return compareKeys(pubVersionKey(a), pubVersionKey(b));
}

/** Order-preserving key. Throws VersionError like parseSemanticVersion. */
export function pubVersionKey(text: string): Uint8Array {
  const version = parseSemanticVersion(text);
  const key = new KeyWriter();
  writePrecedence(key, version);
  if (version.build === '') key.byte(0);
  else writeIdentifiers(key.byte(1), version.build.split('.'));
  return key.bytes();
}
