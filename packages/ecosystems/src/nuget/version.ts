import type { Ordering } from '../ordering.ts';
import { checkedVersion, syntaxError } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** A NuGet version: one to four numbers (digits, missing ones are zero), release labels, metadata dropped. */
export interface NugetVersion {
  readonly numbers: readonly [string, string, string, string];
  readonly labels: readonly string[];
}

const form = /^([0-9]+(?:\.[0-9]+){0,3})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]*)?$/;

/** Takes a version apart as NuGetVersion.Parse does; a leading "v" is dropped. Throws VersionError for what it refuses. */
export function parseNugetVersion(text: string): NugetVersion {
  const trimmed = checkedVersion(text).replace(/^[vV](?=[0-9])/, '');
  const match = form.exec(trimmed);
  const labels = match?.[2]?.split('.') ?? [];
  if (!match || labels.includes('')) throw syntaxError(trimmed, 'of the form 1.2.3.4-label.5');
  const [major = '0', minor = '0', patch = '0', revision = '0'] = (match[1] ?? '').split('.');
  return { numbers: [major, minor, patch, revision], labels };
}

/** Orders two versions as NuGet.Versioning does (VersionComparer.VersionRelease): labels in any case, metadata does not count. */
export function compareNugetVersions(a: string, b: string): Ordering {
  return compareKeys(nugetVersionKey(a), nugetVersionKey(b));
}

const maxLabelNumber = 2_147_483_647;

/** Order-preserving key. Throws VersionError. */
export function nugetVersionKey(text: string): Uint8Array {
  const { numbers, labels } = parseNugetVersion(text);
  const key = new KeyWriter();
  for (const number of numbers) key.number(number);
  if (labels.length === 0) return key.byte(1).bytes();
  key.byte(0);
  for (const label of labels) writeLabel(key, label);
  return key.byte(0).bytes();
}

/** A label is a number when a 32-bit integer can hold it (also a negative one); any other is text, compared in upper case. */
function writeLabel(key: KeyWriter, label: string): void {
  const value = /^-?[0-9]+$/.test(label) ? Number(label) : Number.NaN;
  if (value >= -maxLabelNumber - 1 && value <= maxLabelNumber) key.byte(1).small(value + maxLabelNumber + 1);
  else key.byte(2).text(label.toUpperCase());
}
