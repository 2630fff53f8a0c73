import { isDistribution, type EcosystemName } from '@vedette/protocol';

/**
 * A registry with fewer statements is taken for a sample, not for what its authority knows: the smallest complete source of a large
 * registry (crates) brings about 800. Small registries that never reach it stay unassessed, which errs on the safe side.
 */
export const minimumRegistryStatements = 200;

/**
 * Whether so many statements about an ecosystem (of a distribution: about its release) are enough to call a package clean of which
 * none is true. A distribution speaks of a release or not at all; of a registry anybody may have a handful of records.
 */
export function isCovered(ecosystem: EcosystemName, statements: number): boolean {
  return statements >= (isDistribution(ecosystem) ? 1 : minimumRegistryStatements);
}
