import type { Ordering } from '../ordering.ts';
import { checkedVersion, syntaxError } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** A version as apk-package(5) describes it: number{.number}[letter]{_suffix[number]}[~hash][-r#]. Numbers are digits. */
export interface ApkVersion {
  readonly numbers: readonly string[];
  readonly letter: string;
  readonly suffixes: readonly { readonly name: string; readonly number: string | null }[];
  /** Hexadecimal; null where there is none. */
  readonly commit: string | null;
  readonly revision: string | null;
  /** From the first place on where the text is no version for `apk version --check`; empty where it is one. */
  readonly invalid: string;
}

const form =
  /^([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])[0-9]*)*)(?:~([0-9a-f]+))?(?:-r([0-9]+))?/;

/** Suffixes in their order; the version without one lies between those two groups. */
const preSuffixes = ['alpha', 'beta', 'pre', 'rc'];
const postSuffixes = ['cvs', 'svn', 'git', 'hg', 'p'];

/**
 * Takes a version apart; a leading v is dropped. Throws VersionError for a text that does not begin with a digit. What else is no
 * version for apk but is found in the wild ("6.6.2p1") is kept in `invalid`, because apk orders it too.
 */
export function parseApkVersion(text: string): ApkVersion {
  const trimmed = checkedVersion(text).replace(/^[vV](?=[0-9])/, '');
  const match = form.exec(trimmed);
  if (!match) throw syntaxError(trimmed, 'of the form 1.2.3a_rc4~5f6e-r7');
  const suffixes = [...(match[3] ?? '').matchAll(/_([a-z]+)([0-9]*)/g)].map(([, name = '', number = '']) => ({
    name,
    number: number === '' ? null : number,
  }));
  return {
    numbers: (match[1] ?? '').split('.'),
    letter: match[2] ?? '',
    suffixes,
    commit: match[4] ?? null,
    revision: match[5] ?? null,
    invalid: trimmed.slice(match[0].length),
  };
}

/** Orders two versions as apk-tools does (apk_version_compare). Throws VersionError. */
export function compareApkVersions(a: string, b: string): Ordering {
  return compareKeys(apkVersionKey(a), apkVersionKey(b));
}

/** What may come next in a version, in the order apk gives it at the place where two versions part. */
const rank = {
  preSuffix: 1,
  invalid: 2,
  end: 3,
  revision: 4,
  commit: 5,
  suffixNumber: 6,
  postSuffix: 7,
  letter: 8,
  number: 9,
} as const;

/** Order-preserving key. Throws VersionError. */
export function apkVersionKey(text: string): Uint8Array {
  const { numbers, letter, suffixes, commit, revision, invalid } = parseApkVersion(text);
  const key = new KeyWriter();
  numbers.forEach((number, index) => {
    if (index === 0) key.number(number);
    else writeFraction(key.byte(rank.number), number);
  });
  if (letter !== '') key.byte(rank.letter).text(letter);
  for (const { name, number } of suffixes) {
    const pre = preSuffixes.indexOf(name);
    if (pre >= 0) key.byte(rank.preSuffix).byte(pre);
    else key.byte(rank.postSuffix).byte(postSuffixes.indexOf(name));
    if (number !== null) key.byte(rank.suffixNumber).number(number);
  }
  if (commit !== null) key.byte(rank.commit).text(commit);
  if (revision !== null) key.byte(rank.revision).number(revision);
  if (invalid !== '') writeInvalid(key.byte(rank.invalid), invalid);
  return key.byte(rank.end).bytes();
}

/** A number that begins with zero is compared as text, which puts it before all others. */
function writeFraction(key: KeyWriter, digits: string): void {
  if (digits.startsWith('0')) key.byte(0).text(digits);
  else key.byte(1).number(digits);
}

/** apk calls all invalid ends equal; here they have an order, so that different versions stay different. */
function writeInvalid(key: KeyWriter, text: string): void {
  for (const [run] of text.matchAll(/[0-9]+|[^0-9]+/g)) {
    if (run.charCodeAt(0) >= 0x30 && run.charCodeAt(0) <= 0x39) key.byte(1).number(run);
    else key.byte(2).text(run);
  }
  key.byte(0);
}
