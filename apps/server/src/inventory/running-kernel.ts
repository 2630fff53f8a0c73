import { runningKernelElement } from '@vedette/matching';
import { kernelFact } from '@vedette/protocol';
import { type AssetRef, type Tx } from './asset-ref.ts';
import { changeInventory, loadInventory } from './inventory.ts';
import { internPackageVersions } from './package-versions.ts';
import { loadOs, releaseOf } from './release.ts';
import { hashRow } from './row-change.ts';

/** The running kernel joins the inventory beside the packages, as a version of its own: it may differ from all on disk. */
export async function applyRunningKernel(tx: Tx, asset: AssetRef, at: Date): Promise<void> {
  const ref = { organizationId: asset.organizationId, assetId: asset.assetId, collector: kernelFact.name };
  const before = await loadInventory(tx, ref);
  const after = await runningKernelVersion(tx, ref);
  const added = after.filter((id) => !before.includes(id));
  const removed = before.filter((id) => !after.includes(id));
  if (added.length > 0 || removed.length > 0) await changeInventory(tx, ref, { added, removed, at, rebase: true });
}

async function runningKernelVersion(tx: Tx, asset: AssetRef): Promise<number[]> {
  const os = await loadOs(tx, asset);
  if (!os) return [];
  const { release } = releaseOf(os);
  const rows = await tx
    .selectFrom('factRow')
    .select('body')
    .where('organizationId', '=', asset.organizationId)
    .where('assetId', '=', asset.assetId)
    .where('collector', '=', kernelFact.name)
    .execute();
  const element = runningKernelElement(
    rows.map(({ body }) => kernelFact.row.parse(body)),
    { release, architecture: os.architecture },
  );
  if (!element || release === '') return [];
  return internPackageVersions(tx, [{ ...element, state: 'running', rowHash: hashRow({ ...element }) }]);
}
