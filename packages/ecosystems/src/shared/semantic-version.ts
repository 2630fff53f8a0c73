import { checkedVersion, syntaxError } from './checked-version.ts';
import type { KeyWriter } from './key-writer.ts';

/** A version by semver.org 2.0.0. Numbers are digits of any length. */
export interface SemanticVersion {
  /** Major, minor and patch, and whatever further numbers the text has, without trailing zeros behind the third. */
  readonly numbers: readonly string[];
  readonly prerelease: readonly string[];
  /** Empty where there is none. */
  readonly build: string;
}

const form = /^[vV=]?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z.-]+)|\.?([A-Za-z][0-9A-Za-z.-]*))?(?:\+([0-9A-Za-z.+-]*))?$/;

/**
 * Takes a version apart, more leniently than semver.org because advisories are: a leading "v", fewer than three numbers (the others
 * are zero: "introduced": "0"), more than three, and a pre-release that follows without hyphen ("1.20rc1", "1.0.0.alpha"). Throws
 * VersionError for anything else.
 */
export function parseSemanticVersion(text: string): SemanticVersion {
  const trimmed = checkedVersion(text);
  const match = form.exec(trimmed);
  if (!match) throw syntaxError(trimmed, 'a semantic version');
  const prerelease = (match[2] ?? match[3])?.split('.') ?? [];
  if (prerelease.includes('')) throw syntaxError(trimmed, 'a semantic version: an identifier is empty');
  const numbers = (match[1] ?? '').split('.');
  while (numbers.length < 3) numbers.push('0');
  while (numbers.length > 3 && /^0*$/.test(numbers.at(-1) ?? '')) numbers.pop();
  return { numbers, prerelease, build: match[4] ?? '' };
}

/** Writes numbers and pre-release so that they order by semver.org 2.0.0, item 11: a pre-release before the release. */
export function writePrecedence(key: KeyWriter, { numbers, prerelease }: SemanticVersion): void {
  numbers.forEach((number, index) => {
    if (index >= 3) key.byte(1);
    key.number(number);
  });
  key.byte(0);
  if (prerelease.length === 0) key.byte(1);
  else writeIdentifiers(key.byte(0), prerelease);
}

/** Numbers before text, numbers by their value, text by ASCII; fewer identifiers before more. */
export function writeIdentifiers(key: KeyWriter, identifiers: readonly string[]): void {
  for (const identifier of identifiers) {
    if (/^[0-9]+$/.test(identifier)) key.byte(1).number(identifier);
    else key.byte(2).text(identifier);
  }
  key.byte(0);
}
