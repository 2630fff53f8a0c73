import { type Ecosystem, ecosystems } from '@vedette/ecosystems';
import type { Dashboard } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { silentAfterMs } from '../assets/store.ts';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { severityCounts } from '../detections/severity-counts.ts';
import { findDetections } from '../detections/store.ts';

const day = 24 * 3600 * 1000;
const trendDays = 14;

/** Counts and top lists of an organization, seen from one moment. */
export async function loadDashboard(db: Kysely<Database>, organizationId: string, asOf: Date): Promise<Dashboard> {
  const scope = { organizationId, asOf };
  const counts = await countOpen(db, scope);
  const worst = await findDetections(db, { ...scope, status: 'open', limit: 10, offset: 0 });
  return {
    ...(await countAssets(db, scope)),
    open: severityCounts(counts.bySeverity),
    openTotal: counts.bySeverity.reduce((sum, { count }) => sum + count, 0),
    knownExploited: counts.knownExploited,
    fixedLast7Days: counts.fixed,
    newLast7Days: counts.fresh,
    topChecks: await topChecks(db, scope),
    topUpgrades: await topUpgrades(db, scope),
    worst: worst.items,
    trend: await trend(db, scope),
  };
}

interface Scope {
  readonly organizationId: string;
  readonly asOf: Date;
}

async function countAssets(db: Kysely<Database>, { organizationId, asOf }: Scope) {
  const { rows } = await sql<Pick<Dashboard, 'assets' | 'silentAssets' | 'pendingRestart' | 'unassessedPackages'>>`
    select count(*)::integer as assets,
      count(*) filter (where last_seen < ${new Date(asOf.getTime() - silentAfterMs)})::integer as silent_assets,
      count(*) filter (where pending_restart)::integer as pending_restart,
      coalesce(sum(packages) filter (where not exists (
        select from statement
        where valid_until is null and statement.ecosystem = asset.ecosystem and statement.release = asset.release
      )), 0)::integer as unassessed_packages
    from asset where organization_id = ${organizationId}`.execute(db);
  return rows[0] ?? { assets: 0, silentAssets: 0, pendingRestart: 0, unassessedPackages: 0 };
}

async function countOpen(db: Kysely<Database>, scope: Scope) {
  const since = new Date(scope.asOf.getTime() - 7 * day);
  const { rows } = await sql<{ severity: number; count: number; exploited: number; fresh: number; fixed: number }>`
    select ${countedSeverity} as severity,
      count(*) filter (where detection.open)::integer as count,
      count(*) filter (where detection.open and detection.confirmed and (body ->> 'kevSince') is not null)::integer as exploited,
      count(*) filter (where detection.open and detection.first_found >= ${since})::integer as fresh,
      count(*) filter (where detection.fixed_at >= ${since})::integer as fixed
    from (${derivedDetections(scope)}) as detection
    ${checkOfDetection}
    group by 1`.execute(db);
  const sum = (column: 'exploited' | 'fresh' | 'fixed') => rows.reduce((total, row) => total + row[column], 0);
  return { bySeverity: rows, knownExploited: sum('exploited'), fresh: sum('fresh'), fixed: sum('fixed') };
}

async function topChecks(db: Kysely<Database>, scope: Scope): Promise<Dashboard['topChecks']> {
  const { rows } = await sql<Dashboard['topChecks'][number]>`
    select detection.check_number as "check", knowledge_check.name, ${countedSeverity} as severity, count(*)::integer as assets
    from (${derivedDetections(scope)}) as detection
    ${checkOfDetection}
    where detection.open
    group by 1, 2, 3
    order by severity desc, assets desc, 1 desc
    limit 10`.execute(db);
  return rows;
}

type Upgrade = Dashboard['topUpgrades'][number];

/** What removes most: for each source package of a release the highest fixing version, which fixes all that lower ones do. */
async function topUpgrades(db: Kysely<Database>, scope: Scope): Promise<Upgrade[]> {
  const { rows } = await sql<Omit<Upgrade, 'fixed'> & { ecosystem: Ecosystem['name']; versions: string[] }>`
    select statement.ecosystem, statement.package as source, array_agg(distinct verdict.fixed) as versions,
      count(distinct (detection.asset_id, detection.check_number))::integer as detections,
      count(distinct detection.asset_id)::integer as assets,
      max(knowledge_check.severity)::integer as severity
    from (${derivedDetections(scope)}) as detection
    ${checkOfDetection}
    join verdict on verdict.check_number = detection.check_number
      and verdict.package_version_id = any(detection.package_version_ids) and verdict.valid_until is null
    join statement on statement.id = verdict.statement_id
    where detection.open and detection.confirmed and verdict.fixed is not null
    group by statement.ecosystem, statement.release, statement.package
    order by detections desc, source
    limit 10`.execute(db);
  return rows.map(({ ecosystem, versions, ...upgrade }) => ({ ...upgrade, fixed: highest(versions, ecosystem) }));
}

function highest(versions: readonly string[], ecosystem: Ecosystem['name']): string {
  const { compareVersions } = ecosystems[ecosystem];
  return versions.reduce((best, version) => (compareVersions(version, best) > 0 ? version : best));
}

/**
 * One pass over the histories for all days. Detections of one check on assets that came and went together, as those of one image
 * do, are looked at once.
 */
async function trend(db: Kysely<Database>, { organizationId, asOf }: Scope): Promise<Dashboard['trend']> {
  const moments = Array.from({ length: trendDays }, (_, index) => new Date(asOf.getTime() - (trendDays - 1 - index) * day));
  const { rows } = await sql<{ at: Date; severity: number; count: number }>`
    select at, ${countedSeverity} as severity, sum(assets)::integer as count
    from (
      select at, check_number, coalesce(sure @> at, false) as confirmed, sum(assets) as assets
      from (
        select check_number, held, sure, count(*) as assets
        from (
          select asset_id, check_number, range_agg(whole) as held, range_agg(whole) filter (where confirmed) as sure
          from (
            select asset_id, check_number, confidence <> 'information' as confirmed,
              during * tstzrange(from_at, until_at) as whole
            from presence
            join verdict using (package_version_id)
            where organization_id = ${organizationId}
          ) as element
          group by asset_id, check_number
        ) as one
        group by check_number, held, sure
      ) as alike
      join unnest(${moments}::timestamptz[]) as moment (at) on held @> at
      group by 1, 2, 3
    ) as detection
    ${checkOfDetection}
    group by 1, 2`.execute(db);
  const byMoment = Map.groupBy(rows, ({ at }) => at.getTime());
  return moments.map((at) => ({ at: at.toISOString(), open: severityCounts(byMoment.get(at.getTime()) ?? []) }));
}
