import { sql } from 'kysely';
import type { AssetRef, Tx } from './asset-ref.ts';
import { changeInventory, loadInventory } from './inventory.ts';
import { internPackageVersions } from './package-versions.ts';
import { type AssetRelease, loadOs, releaseOf } from './release.ts';
import { applyRunningKernel } from './running-kernel.ts';

/** Brings the asset's own row up to date after a document of one collector. */
export async function summarizeAsset(tx: Tx, asset: AssetRef, collector: string, at: Date): Promise<void> {
  const update = tx.updateTable('asset').where('organizationId', '=', asset.organizationId).where('id', '=', asset.assetId);
  if (collector === 'os') {
    const os = await loadOs(tx, asset);
    if (!os) return;
    const release = releaseOf(os);
    await reassignPackages(tx, asset, release, at);
    await update.set({ hostname: os.hostname, os: os.prettyName, architecture: os.architecture, ...release }).execute();
  } else if (collector === 'dpkg') {
    await update
      .set({
        lastScan: at,
        lastSeen: at,
        packages: sql<number>`(
          select count(*) from package_version
          where id = any(${await loadInventory(tx, { ...asset, collector })}) and state <> 'config-files')`,
      })
      .execute();
  } else if (collector === 'restart') {
    await update
      .set({
        pendingRestart: sql<boolean>`exists (
          select from fact_row
          where organization_id = ${asset.organizationId} and asset_id = ${asset.assetId} and collector = 'restart')`,
      })
      .execute();
  }
}

/** A machine upgraded to another release keeps its packages, but another authority speaks of them now. */
async function reassignPackages(tx: Tx, asset: AssetRef, release: AssetRelease, at: Date): Promise<void> {
  const ref = { ...asset, collector: 'dpkg' };
  const ids = await loadInventory(tx, ref);
  if (ids.length === 0) return;
  const rows = await tx
    .selectFrom('packageVersion')
    .selectAll()
    .where('id', '=', sql<number>`any(${ids})`)
    .where((where) => where.or([where('release', '<>', release.release), where('ecosystem', '<>', release.ecosystem)]))
    .execute();
  if (rows.length === 0) return;
  const added = await internPackageVersions(
    tx,
    rows.map((row) => ({ ...row, ...release })),
  );
  await changeInventory(tx, ref, { added, removed: rows.map(({ id }) => id), at, rebase: true });
  await applyRunningKernel(tx, asset, at);
}
