import { combinedRisk, riskFormula } from '@vedette/matching';
import type { SeverityCounts } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Decisions } from '../decisions/decisions.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { packageCollectors } from '../inventory/release.ts';
import { coveredSql } from '../exceptions/exception-sql.ts';
import { riskSql } from '../risk/risk-sql.ts';
import { severityCounts } from '../detections/severity-counts.ts';

/** How many packages each of these assets had at a moment: what came until then, without what went. */
export async function countPackages(
  db: Kysely<Database>,
  {
    organizationId,
    assetIds,
    asOf,
  }: { readonly organizationId: string; readonly assetIds: readonly string[]; readonly asOf: Date },
): Promise<Map<string, number>> {
  const { rows } = await sql<{ assetId: string; packages: number }>`
    select asset_id, sum(cardinality(added) - cardinality(removed))::integer as packages
    from inventory_change
    where organization_id = ${organizationId} and asset_id = any(${[...assetIds]}::uuid[]) and at <= ${asOf}
      and collector = any(${[...packageCollectors]}::text[])
    group by 1`.execute(db);
  return new Map(rows.map((row) => [row.assetId, row.packages]));
}

/** Open detections of one asset at a moment that no exception covers, and their risk, from its own history. */
export async function countDetections(
  db: Kysely<Database>,
  scope: { readonly organizationId: string; readonly assetId: string; readonly asOf: Date; readonly decisions: Decisions },
): Promise<SeverityCounts & { readonly risk: number }> {
  const { organizationId, decisions } = scope;
  const { rows } = await sql<{ severity: number; count: number; weight: number }>`
    select severity, count(*)::integer as count, sum(risk::float8 ^ ${riskFormula.power}::float8)::float8 as weight
    from (
      select severity, ${riskSql(decisions)} as risk from (
        select detection.*, asset.number as asset_number, knowledge_check.body, knowledge_check.severity as check_severity,
          ${countedSeverity} as severity
        from (${derivedDetections(scope)}) as detection
        join asset on asset.organization_id = ${organizationId} and asset.id = detection.asset_id
        ${checkOfDetection}
      ) as detection
      where detection.open and not ${coveredSql(decisions, organizationId)}
    ) as scored
    group by 1`.execute(db);
  return { ...severityCounts(rows), risk: combinedRisk(rows.reduce((sum, { weight }) => sum + weight, 0)) };
}
