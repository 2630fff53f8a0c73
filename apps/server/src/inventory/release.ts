import { releaseOf as distributionRelease } from '@vedette/ecosystems';
import type { OsIdentity } from '@vedette/protocol';

/** Whose advisories speak of an asset's packages. Both empty where no authority is known: its packages stay unassessed. */
export interface AssetRelease {
  readonly ecosystem: string;
  readonly release: string;
}

/** Distributions whose packages dpkg installs, which is what agents report so far. */
const dpkgDistributions: ReadonlySet<string> = new Set(['debian', 'ubuntu']);

export function releaseOf(os: OsIdentity | undefined): AssetRelease {
  const known = os && distributionRelease(os);
  return known && dpkgDistributions.has(known.ecosystem) ? known : { ecosystem: '', release: '' };
}
