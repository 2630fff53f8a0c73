import { type AgentUpgrade, type AgentUpgradeSorting, type listAgentUpgrades, UpgradeReport } from '@vedette/protocol';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { z } from 'zod';
import type { Database } from '../db/schema.ts';
import { byNewest, byText, byVersion, findSorted, type SortKey } from '../http/list-cursor.ts';

interface UpgradesWish {
  readonly organizationId: string;
  readonly query: z.output<typeof listAgentUpgrades.query>;
  /** Asset ids, of which the list holds only these; null for all. */
  readonly among: RawBuilder<unknown> | null;
}

type UpgradeRow = Selectable<Database['agentUpgrade']> & {
  readonly hostname: string;
  readonly pin: string | null;
  readonly tags: string[] | null;
};

/** What agents report of their upgrades. Throws ApiError BAD_REQUEST for a cursor of another order. */
export async function listUpgrades(
  db: Kysely<Database>,
  { organizationId, query, among }: UpgradesWish,
): Promise<{ total: number; items: AgentUpgrade[]; next: string | null }> {
  const { state, version, asset } = query;
  const rows = sql`
    select agent_upgrade.*, asset.hostname, asset_release.pin, asset_release.tags
    from agent_upgrade
    join asset on asset.organization_id = agent_upgrade.organization_id and asset.id = agent_upgrade.asset_id
    left join asset_release
      on asset_release.organization_id = agent_upgrade.organization_id and asset_release.asset_id = agent_upgrade.asset_id
    where agent_upgrade.organization_id = ${organizationId}
      and ${state === undefined ? sql`true` : sql`agent_upgrade.state = ${state}`}
      and ${version === undefined ? sql`true` : sql`agent_upgrade.target = ${version}`}
      and ${asset === undefined ? sql`true` : sql`agent_upgrade.asset_id = ${asset}`}
      and ${among ? sql`agent_upgrade.asset_id in (${among})` : sql`true`}`;
  const page = await findSorted<UpgradeRow>(db, rows, sortKeys[query.sort], query);
  return { total: page.total, items: page.rows.map(toUpgrade), next: page.next };
}

const byHost: readonly SortKey[] = [
  { by: sql`hostname`, type: 'text' },
  { by: sql`asset_id::text`, type: 'text' },
];
const failures = sql`array['rolled-back', 'failed', 'waiting', 'probation', 'staged', 'downloading']`;
/** As the console shows it in one column. */
const reason = sql`concat_ws(', ', nullif(reason, ''), nullif(report ->> 'detail', ''), 'held: ' || held, 'pinned to ' || pin)`;

const sortKeys: Readonly<Record<AgentUpgradeSorting, readonly SortKey[]>> = {
  failures: [{ by: sql`coalesce(array_position(${failures}, state), 7)`, type: 'number' }, ...byHost],
  hostname: byHost,
  version: [...byVersion(sql`version`), ...byHost],
  target: [...byVersion(sql`coalesce(target, desired)`), ...byHost],
  state: [...byText(sql`state`), ...byHost],
  reason: [...byText(reason), ...byHost],
  since: [...byNewest(sql`since`), ...byHost],
};

function toUpgrade(row: UpgradeRow): AgentUpgrade {
  const report = UpgradeReport.parse(row.report);
  return {
    assetId: row.assetId as AgentUpgrade['assetId'], // branded
    hostname: row.hostname,
    platform: row.platform,
    version: row.version,
    runtime: row.runtime,
    desired: row.desired,
    held: row.held as AgentUpgrade['held'], // written by decideRelease
    state: row.state,
    target: row.target,
    since: row.since.toISOString(),
    reason: row.reason,
    detail: report.detail ?? '',
    content: report.content,
    contentProblems: report.contentProblems ?? {},
    bytes: report.bytes ?? null,
    origins: report.origins ?? [],
    pinned: row.pin,
    tags: row.tags ?? [],
    reportedAt: row.reportedAt.toISOString(),
  };
}
