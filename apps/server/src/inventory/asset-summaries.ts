import type { OsIdentity } from '@vedette/protocol';
import { sql } from 'kysely';
import { currentWriter } from '../db/current-writer.ts';
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
    const summaries = [...this.#byAsset.values()];
    const writer = summaries.some(isFollowed) ? await currentWriter(tx) : null;
    const rows = JSON.stringify(summaries.map((summary) => toRow(summary, writer)));
    await sql`
      update asset set
        hostname = coalesce(new.hostname, asset.hostname), os = coalesce(new.os, asset.os),
        architecture = coalesce(new.architecture, asset.architecture), ecosystem = coalesce(new.ecosystem, asset.ecosystem),
        release = coalesce(new.release, asset.release), packages = coalesce(new.packages, asset.packages),
        pending_restart = coalesce(new.pending_restart, asset.pending_restart),
        last_scan = case when new.packages is null then asset.last_scan else greatest(asset.last_scan, ${at}) end,
        last_seen = case when new.packages is null then asset.last_seen else greatest(asset.last_seen, ${at}) end,
        written_by = coalesce(new.written_by, asset.written_by)
      from json_to_recordset(${rows}::json) as new (
        organization_id uuid, id uuid, packages integer, pending_restart boolean, written_by xid8,
        hostname text, os text, architecture text, ecosystem text, release text)
      where asset.organization_id = new.organization_id and asset.id = new.id`.execute(tx);
  }
}

/** Whether it may change what the fleet index knows of an asset; how many packages there are it counts itself. */
function isFollowed({ os, pendingRestart }: AssetSummary): boolean {
  return os !== null || pendingRestart !== null;
}

/** For json_to_recordset. */
function toRow(summary: AssetSummary, writer: string | null) {
  const { asset, os, packages, pendingRestart } = summary;
  return {
    organization_id: asset.organizationId,
    id: asset.assetId,
    packages,
    pending_restart: pendingRestart,
    written_by: isFollowed(summary) ? writer : null,
    ...(os && { hostname: os.hostname, os: os.prettyName, architecture: os.architecture, ...releaseOf(os) }),
  };
}
