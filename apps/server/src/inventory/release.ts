import { findEcosystem, releaseOf as distributionRelease } from '@vedette/ecosystems';
import { type OsIdentity, postureEcosystem, postureFact } from '@vedette/protocol';

/** Whose advisories speak of an asset's packages. Both empty where no authority is known: its packages stay unassessed. */
export interface AssetRelease {
  readonly ecosystem: string;
  readonly release: string;
}

/** Collectors of packages, and the ecosystem whose package manager each reads. */
export const managers = { dpkg: 'debian', rpm: 'rpm', apk: 'apk' } as const;
export const packageCollectors: readonly string[] = Object.keys(managers);
/**
 * Collectors whose rows are kept as numbers of distinct ones, are judged, and have their histories in that of the inventory: packages, and
 * what a manifest asks for (adr/0015).
 */
export const judgedCollectors: readonly string[] = [...packageCollectors, postureFact.name];

export function releaseOf(os: OsIdentity | undefined): AssetRelease {
  return (os && distributionRelease(os)) ?? { ecosystem: '', release: '' };
}

/** The same for what one collector reads: rpm on Debian is a tool, and its packages are nobody's. */
export function packageReleaseOf(os: OsIdentity | undefined, collector: string): AssetRelease {
  if (collector === postureFact.name) return { ecosystem: postureEcosystem, release: '' };
  const known = releaseOf(os);
  const manager = findEcosystem(known.ecosystem)?.name;
  return Object.entries(managers).some(([name, ecosystem]) => name === collector && ecosystem === manager)
    ? known
    : { ecosystem: '', release: '' };
}
