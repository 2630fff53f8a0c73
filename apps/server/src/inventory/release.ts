import { releaseOf as distributionRelease } from '@vedette/ecosystems';
import { type OsIdentity, osFact } from '@vedette/protocol';
import type { AssetRef, Tx } from './asset-ref.ts';

/** Whose advisories speak of an asset's packages. Both empty where no authority is known: its packages stay unassessed. */
export interface AssetRelease {
  readonly ecosystem: string;
  readonly release: string;
}

/** Distributions whose packages dpkg installs, which is what agents report so far. */
const dpkgDistributions: ReadonlySet<string> = new Set(['debian', 'ubuntu']);

export function releaseOf(os: OsIdentity): AssetRelease {
  const known = distributionRelease(os);
  return known && dpkgDistributions.has(known.ecosystem) ? known : { ecosystem: '', release: '' };
}

export async function loadOs(tx: Tx, ref: AssetRef): Promise<OsIdentity | null> {
  const row = await tx
    .selectFrom('factRow')
    .select('body')
    .where('organizationId', '=', ref.organizationId)
    .where('assetId', '=', ref.assetId)
    .where('collector', '=', osFact.name)
    .executeTakeFirst();
  return row ? osFact.row.parse(row.body) : null;
}

export async function assetRelease(tx: Tx, ref: AssetRef): Promise<AssetRelease> {
  const os = await loadOs(tx, ref);
  return os ? releaseOf(os) : { ecosystem: '', release: '' };
}
