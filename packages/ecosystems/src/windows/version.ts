import { syntaxError } from '../shared/checked-version.ts';
import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { numberListKey, parseNumberList } from '../shared/number-list.ts';

/** The four numbers (digits) of a Windows file version or build: VS_FIXEDFILEINFO. Missing ones are zero. Throws VersionError. */
export function parseWindowsVersion(text: string): readonly string[] {
  const numbers = parseNumberList(text, /\./);
  if (numbers.length > 4) throw syntaxError(text, 'of the form 10.0.22631.4460');
  return [...numbers, '0', '0', '0'].slice(0, 4);
}

/** Orders two file versions number by number. Throws VersionError. */
export function compareWindowsVersions(a: string, b: string): Ordering {
  return compareKeys(windowsVersionKey(a), windowsVersionKey(b));
}

/** Order-preserving key. Throws VersionError. */
export function windowsVersionKey(text: string): Uint8Array {
  return numberListKey(parseWindowsVersion(text));
}
