import { isCovered } from '@vedette/matching';
import type { AgentState, AgentStateName, Asset, EcosystemName, SeverityCounts, SilenceLimits } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { assetStateSql, stateOfAsset } from './asset-state.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { severityCounts } from '../detections/severity-counts.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { selectAssets } from '../fleet-index/select-assets.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { readQuery } from '../query/read-query.ts';

export interface AssetQuery {
  readonly organizationId: string;
  /** In the query language. */
  readonly query?: string | undefined;
  readonly search?: string | undefined;
  /** With an open detection of at least this severity. */
  readonly severity?: number | undefined;
  readonly pendingRestart?: 'true' | 'false' | undefined;
  readonly silent?: 'true' | 'false' | undefined;
  readonly state?: AgentStateName | undefined;
  readonly silence: SilenceLimits;
  readonly asOf: Date;
  readonly limit: number;
  readonly offset: number;
}

/** An asset that was not heard of for so long counts as silent. */
export const silentAfterMs = 24 * 3600 * 1000;

type Row = Selectable<Database['asset']> & { agentVersion: string; hasCheckedIn: boolean; statements: number };

/** More than isCovered asks for: counting on would only take time. */
const enoughStatements = 1000;

/**
 * Assets with their open detections counted, worst first. Throws ApiError UNAVAILABLE while the fleet index is being built.
 */
export async function findAssets(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: AssetQuery,
): Promise<{ total: number; items: Asset[] }> {
  const { organizationId, limit, offset } = query;
  if (query.search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  const asked = readQuery(query.query, 'asset', query.asOf);
  if (asked.asOf !== null) throw new ApiError('BAD_REQUEST', 'query: assets are listed as they are now, asOf is for detections');
  const select = asked.query && (await prepareAssets(db, asked.query, query));
  const heardOf = await assetsByState(db, query);
  const index = await fleetIndex.current(organizationId);
  const within = select?.(index);
  const page = selectAssets(
    index,
    { ...query, within, silent: heardOf && { numbers: heardOf, wanted: true } },
    { limit, offset },
  );
  within?.dispose();
  const rows = await loadAssetRows(
    db,
    organizationId,
    page.items.map(({ assetId }) => assetId),
  );
  return {
    total: page.total,
    items: page.items.flatMap(({ assetId, counts }) => {
      const row = rows.get(assetId);
      return row ? [toAsset({ ...row, ...counts }, query)] : [];
    }),
  };
}

/** One asset, derived from its own history; null where there is none. */
export async function findAsset(
  db: Kysely<Database>,
  { organizationId, assetId, asOf, silence }: AssetKey & Pick<AssetQuery, 'asOf' | 'silence'>,
): Promise<Asset | null> {
  const row = (await loadAssetRows(db, organizationId, [assetId])).get(assetId);
  if (!row) return null;
  const { rows } = await sql<{ severity: number; count: number }>`
    select ${countedSeverity} as severity, count(*)::integer as count
    from (${derivedDetections({ organizationId, assetId, asOf })}) as detection
    ${checkOfDetection}
    where detection.open
    group by 1`.execute(db);
  return toAsset({ ...row, ...severityCounts(rows) }, { asOf, silence });
}

async function loadAssetRows(
  db: Kysely<Database>,
  organizationId: string,
  assetIds: readonly string[],
): Promise<Map<string, Row>> {
  const { rows } = await sql<Row>`
    select asset.*, coalesce(agent.version, '') as agent_version, agent.last_check_in is not null as has_checked_in,
      (select count(*) from (
        select from statement
        where valid_until is null and statement.ecosystem = asset.ecosystem and statement.release in (asset.release, '')
        limit ${enoughStatements}
      ) as counted)::integer as statements
    from asset
    left join lateral (
      select version, last_check_in from agent
      where agent.organization_id = asset.organization_id and agent.asset_id = asset.id
      order by enrolled_at desc limit 1
    ) as agent on true
    where asset.organization_id = ${organizationId} and asset.id = any(${[...assetIds]}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Numbers of the assets in the wanted state, null where any will do. Check-ins do not reach the index: they would be all it hears of.
 */
async function assetsByState(
  db: Kysely<Database>,
  { organizationId, silent, state, silence, asOf }: AssetQuery,
): Promise<number[] | null> {
  if (silent === undefined && state === undefined) return null;
  const hasCheckedIn = sql`exists (
    select from agent
    where agent.organization_id = asset.organization_id and agent.asset_id = asset.id and agent.last_check_in is not null
  )`;
  const { rows } = await sql<{ numbers: string }>`
    select coalesce(array_agg(number), '{}')::text as numbers from asset
    where organization_id = ${organizationId}
      and ${silent === undefined ? sql`true` : sql`(last_seen < ${new Date(asOf.getTime() - silentAfterMs)}) = ${silent === 'true'}`}
      and ${state === undefined ? sql`true` : sql`${assetStateSql(asOf, silence, hasCheckedIn)} = ${state}`}`.execute(db);
  return parseNumbers(rows[0]?.numbers ?? '{}');
}

function toAsset(row: Row & SeverityCounts, { asOf, silence }: Pick<AssetQuery, 'asOf' | 'silence'>): Asset {
  const { critical, high, medium, low, informational } = row;
  return {
    assetId: row.id as Asset['assetId'], // Ids from our own table.
    hostname: row.hostname,
    ...stateOfAsset(row, asOf, silence),
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
    .select(['collector', 'sequence', 'digest', 'status', 'problem', 'rowCount', 'changedAt', 'lastBytes', 'snapshotBytes'])
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .orderBy('collector')
    .execute();
  return {
    agentId: agent.id as AgentState['agentId'], // Ids from our own table.
    version: agent.version,
    enrolledAt: agent.enrolledAt.toISOString(),
    lastCheckIn: agent.lastCheckIn?.toISOString() ?? null,
    revokedAt: agent.revokedAt?.toISOString() ?? null,
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
