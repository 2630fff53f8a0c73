import { VersionError } from '../errors.ts';
import type { Ordering } from '../ordering.ts';
import { remembering } from '../shared/remembering.ts';

/** A version taken apart as deb-version(7) describes: [epoch:]upstream[-revision]. */
export interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty where the text has none, which orders like "0". */
  readonly revision: string;
}

/** Real ones stay below 100; the limit keeps hostile text from costing anything. */
const maxChars = 4096;
const maxEpoch = 2_147_483_647;

/**
 * Takes a version apart as dpkg does, blanks around it included.
 *
 * Throws VersionError for what `dpkg --compare-versions` calls an error: empty text, blanks inside, an epoch that is empty, not
 * a number, negative or above 2^31 - 1, nothing after the epoch, an empty upstream part, an empty revision ("1.0-").
 * What dpkg only warns about is accepted, because such packages get installed: an upstream part that does not start with a
 * digit, and ASCII characters that policy does not allow ("1.0_1").
 *
 * Stricter than dpkg in two places: characters outside printable ASCII are refused (dpkg compares their bytes as signed or
 * unsigned by processor, so they have no order), and so is a text of more than 4096 characters.
 */
export function parseDebianVersion(text: string): DebianVersion {
  if (text.length > maxChars) throw new VersionError('VERSION_TOO_LONG', `version has more than ${maxChars} characters`);
  const trimmed = trimBlanks(text);
  if (trimmed === '') throw new VersionError('VERSION_EMPTY', 'version is empty');
  if (!/^[\x21-\x7e]*$/.test(trimmed)) {
    throw new VersionError('VERSION_CHARACTER', 'version has blanks, control or non-ASCII characters inside');
  }
  // The first colon ends the epoch, the last hyphen begins the revision; others belong to the upstream part.
  const colon = trimmed.indexOf(':');
  const epoch = colon < 0 ? 0 : parseEpoch(trimmed.slice(0, colon));
  const rest = trimmed.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen < 0 ? rest : rest.slice(0, hyphen);
  const revision = hyphen < 0 ? '' : rest.slice(hyphen + 1);
  if (hyphen >= 0 && revision === '') throw new VersionError('VERSION_REVISION_EMPTY', `version ${trimmed} ends in a hyphen`);
  if (upstream === '') throw new VersionError('VERSION_UPSTREAM_EMPTY', `version ${trimmed} has no upstream part`);
  return { epoch, upstream, revision };
}

const parts = remembering(parseDebianVersion);

/** Orders two Debian versions as dpkg does (deb-version(7)). Throws VersionError like parseDebianVersion. */
export function compareDebianVersions(a: string, b: string): Ordering {
  const left = parts(a);
  const right = parts(b);
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return compareParts(left.upstream, right.upstream) || compareParts(left.revision, right.revision);
}

/** Non-digits and digits take turns, beginning with non-digits; a missing number is zero, a missing part ends before letters. */
function compareParts(a: string, b: string): Ordering {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = characterOrder(a, i) - characterOrder(b, j);
      if (difference !== 0) return difference < 0 ? -1 : 1;
      i += 1;
      j += 1;
    }
    const endA = endOfNumber(a, i);
    const endB = endOfNumber(b, j);
    const order = compareNumbers({ text: a, from: i, end: endA }, { text: b, from: j, end: endB });
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  return 0;
}

interface Digits {
  readonly text: string;
  readonly from: number;
  readonly end: number;
}

/** Digits of any length: without leading zeros the longer is the greater, and of equal lengths the first other digit decides. */
function compareNumbers(a: Digits, b: Digits): Ordering {
  const left = afterZeros(a);
  const right = afterZeros(b);
  const length = a.end - left;
  if (length !== b.end - right) return length < b.end - right ? -1 : 1;
  for (let index = 0; index < length; index += 1) {
    const difference = a.text.charCodeAt(left + index) - b.text.charCodeAt(right + index);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

function afterZeros({ text, from, end }: Digits): number {
  let index = from;
  while (index < end && text.charCodeAt(index) === 0x30) index += 1;
  return index;
}

/** Tilde before the end, the end (or a digit) before letters, letters before everything else. */
function characterOrder(text: string, index: number): number {
  if (index >= text.length || isDigit(text, index)) return 0;
  const code = text.charCodeAt(index);
  if (code === 0x7e) return -1;
  return isLetterCode(code) ? code : code + 256;
}

export function isLetterCode(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

export function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

/** Index behind the digits that begin at `from`. */
export function endOfNumber(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text, end)) end += 1;
  return end;
}

/** dpkg reads it with strtol(3), which takes a sign and leading zeros; "-0" is no negative number. */
function parseEpoch(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) throw new VersionError('VERSION_EPOCH', `epoch ${text} is not a number`);
  const epoch = Number(text);
  if (epoch < 0 || epoch > maxEpoch) throw new VersionError('VERSION_EPOCH', `epoch ${text} is not within 0 and ${maxEpoch}`);
  return epoch === 0 ? 0 : epoch;
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}
