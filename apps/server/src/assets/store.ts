import { isCovered } from '@vedette/matching';
import type { AgentState, Asset, EcosystemName, SeverityCounts } from '@vedette/protocol';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { containing } from '../detections/like.ts';

export interface AssetQuery {
  readonly organizationId: string;
  readonly assetId?: string | undefined;
  readonly search?: string | undefined;
  /** With an open detection of at least this severity. */
  readonly severity?: number | undefined;
  readonly pendingRestart?: 'true' | 'false' | undefined;
  readonly silent?: 'true' | 'false' | undefined;
  readonly asOf: Date;
  readonly limit: number;
  readonly offset: number;
}

type AssetRow = Selectable<Database['asset']> & SeverityCounts & { agentVersion: string; statements: number; total: number };

/** More than isCovered asks for: counting on would only take time. */
const enoughStatements = 1000;

/** An asset that was not heard of for so long counts as silent. */
export const silentAfterMs = 24 * 3600 * 1000;

/** Assets with their open detections counted, worst first. */
export async function findAssets(db: Kysely<Database>, query: AssetQuery): Promise<{ total: number; items: Asset[] }> {
  const { rows } = await sql<AssetRow>`
    select asset.*, coalesce(critical, 0) as critical, coalesce(high, 0) as high, coalesce(medium, 0) as medium,
      coalesce(low, 0) as low, coalesce(informational, 0) as informational, count(*) over ()::integer as total,
      coalesce(agent.version, '') as agent_version,
      (select count(*) from (
        select from statement
        where valid_until is null and statement.ecosystem = asset.ecosystem and statement.release in (asset.release, '')
        limit ${enoughStatements}
      ) as counted)::integer as statements
    from asset
    left join lateral (
      select version from agent
      where agent.organization_id = asset.organization_id and agent.asset_id = asset.id
      order by enrolled_at desc limit 1
    ) as agent on true
    left join (${openBySeverity(query)}) as open on open.asset_id = asset.id
    where asset.organization_id = ${query.organizationId}
      ${query.assetId === undefined ? sql`` : sql`and asset.id = ${query.assetId}`}
      and ${stateFilter(query)}
      ${query.search ? sql`and (asset.hostname ilike ${containing(query.search)} or asset.os ilike ${containing(query.search)})` : sql``}
    order by critical desc nulls last, high desc nulls last, medium desc nulls last, low desc nulls last, asset.hostname, asset.id
    limit ${query.limit} offset ${query.offset}`.execute(db);
  // A page behind the end has no row that could carry the total.
  if (rows.length === 0 && query.offset > 0) return { ...(await findAssets(db, { ...query, limit: 1, offset: 0 })), items: [] };
  return { total: rows[0]?.total ?? 0, items: rows.map(toAsset) };
}

function stateFilter({ severity, pendingRestart, silent, asOf }: AssetQuery): RawBuilder<unknown> {
  const worst = sql`case when critical > 0 then 5 when high > 0 then 4 when medium > 0 then 3 when low > 0 then 2
    when informational > 0 then 1 else 0 end`;
  const since = new Date(asOf.getTime() - silentAfterMs);
  return sql`${severity === undefined ? sql`true` : sql`${worst} >= ${severity}`}
    and ${pendingRestart === undefined ? sql`true` : sql`asset.pending_restart = ${pendingRestart === 'true'}`}
    and ${silent === undefined ? sql`true` : sql`(asset.last_seen < ${since}) = ${silent === 'true'}`}`;
}

function openBySeverity(query: AssetQuery): RawBuilder<unknown> {
  const { organizationId, assetId, asOf } = query;
  const counted = (severity: number) => sql`count(*) filter (where ${countedSeverity} = ${sql.lit(severity)})::integer`;
  return sql`
    select detection.asset_id, ${counted(5)} as critical, ${counted(4)} as high, ${counted(3)} as medium,
      ${counted(2)} as low, ${counted(1)} as informational
    from (${derivedDetections({ organizationId, assetId, asOf })}) as detection
    ${checkOfDetection}
    where detection.open
    group by detection.asset_id`;
}

function toAsset(row: AssetRow): Asset {
  const { critical, high, medium, low, informational } = row;
  return {
    assetId: row.id as Asset['assetId'], // Ids from our own table.
    hostname: row.hostname,
    os: row.os,
    release: row.release,
    architecture: row.architecture,
    packages: row.packages,
    unassessed: isCovered(row.ecosystem as EcosystemName, row.statements) ? 0 : row.packages, // a name of ours, or none
    detections: { critical, high, medium, low, informational },
    pendingRestart: row.pendingRestart,
    agentVersion: row.agentVersion,
    firstSeen: row.firstSeen.toISOString(),
    lastSeen: row.lastSeen.toISOString(),
    lastScan: row.lastScan?.toISOString() ?? null,
  };
}

interface AssetKey {
  readonly organizationId: string;
  readonly assetId: string;
}

/** The agent of an asset with the state of its collectors; null where none was enrolled. */
export async function findAgentState(db: Kysely<Database>, { organizationId, assetId }: AssetKey): Promise<AgentState | null> {
  const agent = await db
    .selectFrom('agent')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .orderBy('enrolledAt', 'desc')
    .executeTakeFirst();
  if (!agent) return null;
  const collectors = await db
    .selectFrom('collectorState')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .orderBy('collector')
    .execute();
  return {
    agentId: agent.id as AgentState['agentId'], // Ids from our own table.
    version: agent.version,
    enrolledAt: agent.enrolledAt.toISOString(),
    lastCheckIn: agent.lastCheckIn?.toISOString() ?? null,
    consumption: agent.consumption as AgentState['consumption'], // Written from a CheckIn that fitted its schema.
    collectors: collectors.map((state) => ({
      name: state.collector,
      sequence: state.sequence,
      digest: state.digest,
      status: state.status as AgentState['collectors'][number]['status'], // Likewise.
      ...(state.problem === null ? {} : { problem: state.problem }),
      rows: state.rowCount,
      changedAt: state.changedAt.toISOString(),
      lastBytes: state.lastBytes,
      snapshotBytes: state.snapshotBytes,
    })),
  };
}

export interface FactQuery extends AssetKey {
  readonly collector: string;
  readonly search?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Current rows of one collector, sorted by key. */
export async function findFacts(
  db: Kysely<Database>,
  query: FactQuery,
): Promise<{ total: number; items: Record<string, unknown>[] }> {
  const { rows } = await sql<{ body: Record<string, unknown>; total: number }>`
    select body, count(*) over ()::integer as total from (${query.collector === 'dpkg' ? packageRows(query) : factRows(query)}) as fact
    where ${query.search ? sql`exists (select from jsonb_each_text(body) where value ilike ${containing(query.search)})` : sql`true`}
    order by sort_key
    limit ${query.limit} offset ${query.offset}`.execute(db);
  if (rows.length === 0 && query.offset > 0) return { ...(await findFacts(db, { ...query, limit: 1, offset: 0 })), items: [] };
  return { total: rows[0]?.total ?? 0, items: rows.map(({ body }) => body) };
}

function factRows({ organizationId, assetId, collector }: FactQuery): RawBuilder<unknown> {
  return sql`
    select body, row_key as sort_key from fact_row
    where organization_id = ${organizationId} and asset_id = ${assetId} and collector = ${collector}`;
}

function packageRows({ organizationId, assetId, collector }: FactQuery): RawBuilder<unknown> {
  return sql`
    select package_version.name || ' ' || package_version.architecture as sort_key, jsonb_build_object(
      'name', package_version.name, 'version', version, 'architecture', architecture, 'source', source,
      'sourceVersion', source_version, 'state', state) as body
    from inventory
    join package_set using (set_hash)
    join package_version
      on package_version.id = any(package_set.ids || inventory.added) and package_version.id <> all(inventory.removed)
    where organization_id = ${organizationId} and asset_id = ${assetId} and collector = ${collector}`;
}
