import { findEcosystem } from '@vedette/ecosystems';

/** So much of a version decides about its place: a cursor goes into an address. */
const sortedLength = 400;

/** A text that compares as the version does in its ecosystem; what is no version of it comes last. */
export function versionText({ ecosystem, version }: { readonly ecosystem: string; readonly version: string }): string {
  try {
    const key = findEcosystem(ecosystem)?.versionKey(version);
    if (key) return Buffer.from(key.subarray(0, sortedLength / 2)).toString('hex');
  } catch {
    // Below.
  }
  return `~${version.slice(0, sortedLength)}`;
}
