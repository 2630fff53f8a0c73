import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { numberListKey, parseNumberList } from '../shared/number-list.ts';

/** Numbers of an R package version, separated by dots or hyphens ("Writing R Extensions", 1.1.1). Throws VersionError. */
export function parseCranVersion(text: string): readonly string[] {
  return parseNumberList(text, /[.-]/);
}

/** Orders two versions as R's package_version does. Throws VersionError. */
export function compareCranVersions(a: string, b: string): Ordering {
  return compareKeys(cranVersionKey(a), cranVersionKey(b));
}

/** Order-preserving key. Throws VersionError. */
export function cranVersionKey(text: string): Uint8Array {
  return numberListKey(parseCranVersion(text));
}
