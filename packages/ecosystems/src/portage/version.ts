import type { Ordering } from '../ordering.ts';
import { checkedVersion, syntaxError } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** A version as the Package Manager Specification, section 3.2, describes it. Numbers are digits. */
export interface PortageVersion {
  readonly numbers: readonly string[];
  readonly letter: string;
  readonly suffixes: readonly { readonly name: string; readonly number: string }[];
  /** "0" where there is none, which PMS calls the same. */
  readonly revision: string;
}

const form = /^([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|p)[0-9]*)*)(?:-r([0-9]+))?$/;

/** Takes a version apart. Throws VersionError for what is none by PMS 3.2. */
export function parsePortageVersion(text: string): PortageVersion {
  const trimmed = checkedVersion(text);
  const match = form.exec(trimmed);
  if (!match) throw syntaxError(trimmed, 'of the form 1.2.3a_rc4-r5');
  const suffixes = [...(match[3] ?? '').matchAll(/_([a-z]+)([0-9]*)/g)].map(([, name = '', number = '']) => ({ name, number }));
  return { numbers: (match[1] ?? '').split('.'), letter: match[2] ?? '', suffixes, revision: match[4] ?? '0' };
}

/** Orders two versions by the algorithms of PMS, section 3.3. Throws VersionError. */
export function comparePortageVersions(a: string, b: string): Ordering {
  return compareKeys(portageVersionKey(a), portageVersionKey(b));
}

const suffixRank = new Map([
  ['alpha', 1],
  ['beta', 2],
  ['pre', 3],
  ['rc', 4],
  ['p', 6],
]);
const noSuffix = 5;

/** Order-preserving key. Throws VersionError. */
export function portageVersionKey(text: string): Uint8Array {
  const { numbers, letter, suffixes, revision } = parsePortageVersion(text);
  const key = new KeyWriter();
  numbers.forEach((number, index) => {
    if (index === 0) key.number(number);
    else writeFraction(key.byte(1), number);
  });
  key.byte(0).text(letter);
  for (const { name, number } of suffixes) key.byte(suffixRank.get(name) ?? noSuffix).number(number);
  return key.byte(noSuffix).number(revision).bytes();
}

/** A number with a leading zero is compared as text without its trailing zeros, which puts it before all others. */
function writeFraction(key: KeyWriter, digits: string): void {
  if (digits.startsWith('0')) key.byte(0).text(digits.replace(/0+$/, ''));
  else key.byte(1).number(digits);
}
