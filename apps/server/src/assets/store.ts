import { isCovered } from '@vedette/matching';
import type { AgentState, Asset, EcosystemName, SeverityCounts, SilenceLimits } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import { newestAgent } from '../agents/newest-agent.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { loadDecisions } from '../decisions/decisions.ts';
import { stateOfAsset } from './asset-state.ts';
import { countDetections, countPackages } from './past-assets.ts';

type Row = Selectable<Database['asset']> & { agentVersion: string; hasCheckedIn: boolean; statements: number };

/** More than isCovered asks for: counting on would only take time. */
const enoughStatements = 1000;

interface AssetMoment {
  readonly now: Date;
  readonly silence: SilenceLimits;
}

/** One asset, derived from its own history, its packages and detections as of a moment; null where there is none. */
export async function findAsset(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  { organizationId, assetId, asOf, now, silence }: AssetKey & AssetMoment & { readonly asOf: Date | null },
): Promise<Asset | null> {
  const row = (await loadAssetRows(db, organizationId, [assetId])).get(assetId);
  if (!row || (asOf && row.firstSeen > asOf)) return null;
  const decisions = await loadDecisions({ db, fleetIndex }, { organizationId, asOf: now, silence }, asOf);
  const counts = await countDetections(db, { organizationId, assetId, asOf: asOf ?? now, decisions });
  const then = asOf && { packages: (await countPackages(db, { organizationId, assetIds: [assetId], asOf })).get(assetId) ?? 0 };
  return toAsset({ ...row, ...counts, ...then }, { now, silence });
}

/** With the newest agent of each, by asset id. */
export async function loadAssetRows(
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
    ${newestAgent}
    where asset.organization_id = ${organizationId} and asset.id = any(${[...assetIds]}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

export function toAsset(row: Row & SeverityCounts & { readonly risk: number }, { now, silence }: AssetMoment): Asset {
  const { critical, high, medium, low, informational } = row;
  return {
    assetId: row.id as Asset['assetId'], // Ids from our own table.
    hostname: row.hostname,
    ...stateOfAsset(row, now, silence),
    os: row.os,
    release: row.release,
    architecture: row.architecture,
    packages: row.packages,
    unassessed: isCovered(row.ecosystem as EcosystemName, row.statements) ? 0 : row.packages, // a name of ours, or none
    detections: { critical, high, medium, low, informational },
    risk: row.risk,
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
    .orderBy('id', 'desc')
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
    watching: agent.watching as AgentState['watching'], // likewise
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
