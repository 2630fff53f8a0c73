import type { Ordering } from '../ordering.ts';
import { checkedVersion } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { normaliseComposerVersion } from './normalise.ts';

/** A version of a Composer package: a branch by its name, or the parts that PHP's version_compare sees. */
export type ComposerVersion =
  | { readonly branch: string }
  | {
      /** Runs of digits, and words. */
      readonly parts: readonly string[];
    };

/**
 * Brings a version into Composer's normal form and takes that apart. What Composer refuses (it cannot be installed, but advisories
 * have it) is taken apart as it stands. Throws VersionError for empty text, more than 4096 characters and control characters.
 */
export function parseComposerVersion(text: string): ComposerVersion {
  const trimmed = checkedVersion(text);
  const normal = normaliseComposerVersion(trimmed) ?? trimmed.replace(/^[vV](?=[0-9])/, '');
  if (normal.startsWith('dev-')) return { branch: normal.slice('dev-'.length) };
  return { parts: normal.match(/[0-9]+|[^0-9\W_]+/g) ?? [] };
}

/**
 * Orders two versions as Composer does: normal forms by version_compare, numbers of any size. Branches come before every release;
 * Composer gives them no order among themselves, here they are ordered by name. Throws VersionError.
 */
export function compareComposerVersions(a: string, b: string): Ordering {
  return compareKeys(composerVersionKey(a), composerVersionKey(b));
}

/** The words version_compare knows, by their beginning; all others are alike and come first. */
const words = [
  ['dev', 2],
  ['a', 3],
  ['b', 4],
  ['RC', 5],
  ['rc', 5],
  ['p', 8],
] as const;
const rank = { branch: 0, unknown: 1, end: 6, number: 7 } as const;

/** Order-preserving key. Throws VersionError. */
export function composerVersionKey(text: string): Uint8Array {
  const version = parseComposerVersion(text);
  const key = new KeyWriter();
  if ('branch' in version) return key.byte(rank.branch).text(version.branch).bytes();
  for (const part of version.parts) {
    if (part.charCodeAt(0) <= 0x39) key.byte(rank.number).number(part);
    else key.byte(words.find(([word]) => part.startsWith(word))?.[1] ?? rank.unknown);
  }
  return key.byte(rank.end).bytes();
}
