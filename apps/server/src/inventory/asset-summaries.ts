import type { OsIdentity } from '@vedette/protocol';
import { sql } from 'kysely';
import type { AssetRef, Tx } from './asset-ref.ts';
import { releaseOf } from './release.ts';

/** What documents tell about the asset's own row; null where they say nothing. */
interface AssetSummary {
  readonly asset: AssetRef;
  os: OsIdentity | null;
  /** How many are installed; the packages were looked at, so that this was an assessment. */
  packages: number | null;
  pendingRestart: boolean | null;
}

/** Gathers what a batch of documents changes of the assets' own rows. */
export class AssetSummaries {
  readonly #byAsset = new Map<string, AssetSummary>();

  of(asset: AssetRef): AssetSummary {
    const known = this.#byAsset.get(asset.assetId);
    if (known) return known;
    const fresh: AssetSummary = { asset, os: null, packages: null, pendingRestart: null };
    this.#byAsset.set(asset.assetId, fresh);
    return fresh;
  }

  async save(tx: Tx, at: Date): Promise<void> {
    if (this.#byAsset.size === 0) return;
    const rows = [...this.#byAsset.values()].map(({ asset, os, packages, pendingRestart }) => ({
      organization_id: asset.organizationId,
      id: asset.assetId,
      packages,
      pending_restart: pendingRestart,
      ...(os && { hostname: os.hostname, os: os.prettyName, architecture: os.architecture, ...releaseOf(os) }),
    }));
    await sql`
      update asset set
        hostname = coalesce(new.hostname, asset.hostname), os = coalesce(new.os, asset.os),
        architecture = coalesce(new.architecture, asset.architecture), ecosystem = coalesce(new.ecosystem, asset.ecosystem),
        release = coalesce(new.release, asset.release), packages = coalesce(new.packages, asset.packages),
        pending_restart = coalesce(new.pending_restart, asset.pending_restart),
        last_scan = case when new.packages is null then asset.last_scan else greatest(asset.last_scan, ${at}) end,
        last_seen = case when new.packages is null then asset.last_seen else greatest(asset.last_seen, ${at}) end
      from json_to_recordset(${JSON.stringify(rows)}::json) as new (
        organization_id uuid, id uuid, packages integer, pending_restart boolean,
        hostname text, os text, architecture text, ecosystem text, release text)
      where asset.organization_id = new.organization_id and asset.id = new.id`.execute(tx);
  }
}
