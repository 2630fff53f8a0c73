import type { SeverityCounts } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { severityCounts } from '../detections/severity-counts.ts';

export interface PastAsset extends Partial<SeverityCounts> {
  readonly packages: number;
}

/** Of these assets, what they had at a moment; detections only where nobody has counted them yet. */
export async function loadPast(
  db: Kysely<Database>,
  scope: { organizationId: string; assetIds: readonly string[]; asOf: Date; isCounted: boolean },
): Promise<Map<string, PastAsset>> {
  const { organizationId, assetIds, asOf, isCounted } = scope;
  const installed = await sql<{ assetId: string; packages: number }>`
    select asset_id, count(distinct package_version_id)::integer as packages
    from presence join package_version on package_version.id = package_version_id
    where organization_id = ${organizationId} and asset_id = any(${[...assetIds]}::uuid[]) and during @> ${asOf}::timestamptz
      and role <> 'running' and ecosystem <> 'posture'
    group by 1`.execute(db);
  const packages = new Map(installed.rows.map((row) => [row.assetId, row.packages]));
  const found = new Map<string, PastAsset>();
  for (const assetId of assetIds) {
    const counts = isCounted ? {} : await countDetections(db, { organizationId, assetId, asOf });
    found.set(assetId, { packages: packages.get(assetId) ?? 0, ...counts });
  }
  return found;
}

/** Open detections of one asset at a moment, from its own history. */
export async function countDetections(
  db: Kysely<Database>,
  scope: { readonly organizationId: string; readonly assetId: string; readonly asOf: Date },
): Promise<SeverityCounts> {
  const { rows } = await sql<{ severity: number; count: number }>`
    select ${countedSeverity} as severity, count(*)::integer as count
    from (${derivedDetections(scope)}) as detection
    ${checkOfDetection}
    where detection.open
    group by 1`.execute(db);
  return severityCounts(rows);
}
