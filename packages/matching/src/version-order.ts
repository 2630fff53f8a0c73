import { type Ecosystem, findEcosystem, VersionError } from '@vedette/ecosystems';
import type { EcosystemName } from '@vedette/protocol';

/** The order in which an ecosystem's own tools put its versions; null for one whose order is not known here. */
export function versionOrder(ecosystem: EcosystemName): Ecosystem | null {
  return findEcosystem(ecosystem) ?? null;
}

/** -1, 0 or 1 in that order; null where it is not known, or one of the texts is no version of it: nothing can be said then. */
export function compareInOrder(ecosystem: EcosystemName, left: string, right: string): -1 | 0 | 1 | null {
  try {
    return versionOrder(ecosystem)?.compareVersions(left, right) ?? null;
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}

/** Whether the text is a version that the ecosystem's order can place. */
export function isComparable(ecosystem: EcosystemName, version: string): boolean {
  return compareInOrder(ecosystem, version, version) !== null;
}
