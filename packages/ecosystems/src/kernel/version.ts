import { syntaxError, checkedVersion } from '../shared/checked-version.ts';
import type { Ordering } from '../ordering.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/**
 * Splits the release of a Linux kernel (uname -r, "6.1.0-18-amd64") into numbers and what stands between them; a hyphen begins a
 * new part. Throws VersionError where it does not begin with a number or is not plain ASCII without blanks.
 */
export function parseKernelRelease(text: string): readonly string[] {
  const trimmed = checkedVersion(text);
  if (!/^[0-9][\x21-\x7e]*$/.test(trimmed)) throw syntaxError(trimmed, 'a kernel release like 6.1.0-18-amd64');
  return trimmed.match(/[0-9]+|-[^0-9-]*|[^0-9-]+/g) ?? [];
}

/** Orders two kernel releases as linux-version(1) does: release candidates before the end, numbers by value. Throws VersionError. */
export function compareKernelReleases(a: string, b: string): Ordering {
  return compareKeys(kernelReleaseKey(a), kernelReleaseKey(b));
}

/** Text is compared with digits by ASCII: hyphen, dot and plus come before them, letters, underscore and tilde after. */
const rank = { candidate: 1, end: 2, lowText: 3, number: 4, highText: 5 } as const;

/** Order-preserving key. Throws VersionError. */
export function kernelReleaseKey(text: string): Uint8Array {
  const key = new KeyWriter();
  for (const part of parseKernelRelease(text)) {
    const first = part.charCodeAt(0);
    if (first >= 0x30 && first <= 0x39) key.byte(rank.number).number(part);
    else if (part === '-rc' || part === '-trunk') key.byte(rank.candidate).text(part);
    else key.byte(first < 0x30 ? rank.lowText : rank.highText).text(part);
  }
  return key.byte(rank.end).bytes();
}
