import type { Dashboard, Severity, SilenceLimits } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { silenceSql } from '../assets/asset-state.ts';
import { silentAfterMs } from '../assets/find-assets.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { newForDays } from '../detections/derive.ts';
import { findInFleet } from '../detections/find-in-fleet.ts';
import { severityCounts } from '../detections/severity-counts.ts';
import { prepareExceptedCounts } from '../exceptions/excepted-then.ts';
import { highestVersion } from '../fix-lists/smallest-upgrades.ts';
import type { AssetKind } from '../fleet-index/asset-table.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { countDetections, countFoundAt, topChecks, topUpgrades } from '../fleet-index/summarize-fleet.ts';
import { prepareAssets } from '../query/asset-query.ts';

const day = 24 * 3600 * 1000;
const trendDays = 14;
const listLength = 10;
/** What took long to count is shown for so many times as long before it is counted again. */
const patienceFactor = 30;

/**
 * Counts and top lists of an organization of now, from the fleet index. Only the list of upgrades may be a little older in a large fleet.
 * Throws ApiError UNAVAILABLE while the index is being built.
 */
export async function loadDashboard(
  sources: Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock'>,
  organizationId: string,
  now: Date,
): Promise<Dashboard> {
  const { db, fleetIndex } = sources;
  const first = await fleetIndex.current(organizationId);
  const { kinds } = first.table;
  const moments = trendMoments(first.momentFor(now.getTime()));
  const { silent, stale, archived, ...counts } = await countAssets(db, {
    organizationId,
    asOf: now,
    kinds,
    silence: sources.config.silence,
  });
  const worst = await findInFleet(sources, { organizationId, asOf: now, status: 'open', limit: listLength, offset: 0 });
  const scope = { organizationId, asOf: sources.clock(), silence: sources.config.silence };
  const excepted = await prepareExceptedCounts(sources, scope, { moments, prepareAssets });
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(now.getTime());
  const { open, exploited, found, fixed } = countDetections(index, asOf, newForDays);
  return {
    ...counts,
    unheard: { silent, stale, archived },
    open: severityCounts(named(open)),
    openTotal: open.reduce((sum, count) => sum + count, 0),
    knownExploited: exploited,
    fixedLast7Days: fixed,
    newLast7Days: found,
    topChecks: topChecks(index, listLength).map(({ check, severity, assets }) => ({
      check: check.number,
      name: check.name,
      severity: severity as Severity, // As knowledge_check has it.
      assets,
    })),
    topUpgrades: upgrades(index),
    worst: worst.items,
    trend: trendOf(index, { moments, asOf, open, excepted: excepted(index) }),
  };
}

function named(counts: readonly number[]): { severity: number; count: number }[] {
  return counts.map((count, index) => ({ severity: index + 1, count }));
}

interface Scope {
  readonly organizationId: string;
  readonly asOf: Date;
  /** Every kind of asset there is: to group a large table by them takes longer than to count it. */
  readonly kinds: readonly AssetKind[];
  readonly silence: SilenceLimits;
}

type AssetCounts = Pick<Dashboard, 'assets' | 'silentAssets' | 'pendingRestart' | 'unassessedPackages'> & Dashboard['unheard'];

async function countAssets(db: Kysely<Database>, { organizationId, asOf, kinds, silence }: Scope): Promise<AssetCounts> {
  const unassessed = (await kindsWithoutKnowledge(db, kinds)).map(
    ({ ecosystem, release }) => sql<boolean>`(ecosystem = ${ecosystem} and release = ${release})`,
  );
  const state = silenceSql(asOf, silence);
  const { rows } = await sql<AssetCounts>`
    select count(*)::integer as assets,
      count(*) filter (where ${state} = 'silent')::integer as silent,
      count(*) filter (where ${state} = 'stale')::integer as stale,
      count(*) filter (where ${state} = 'archived')::integer as archived,
      count(*) filter (where last_seen < ${new Date(asOf.getTime() - silentAfterMs)})::integer as silent_assets,
      count(*) filter (where pending_restart)::integer as pending_restart,
      coalesce(sum(packages) filter (where ${sql.join([sql`false`, ...unassessed], sql` or `)}), 0)::integer as unassessed_packages
    from asset where organization_id = ${organizationId}`.execute(db);
  const nothing = { assets: 0, silentAssets: 0, pendingRestart: 0, unassessedPackages: 0 };
  return rows[0] ?? { ...nothing, silent: 0, stale: 0, archived: 0 };
}

async function kindsWithoutKnowledge(db: Kysely<Database>, kinds: readonly AssetKind[]): Promise<AssetKind[]> {
  // Not "exists", which would rather read all statements than look into their index.
  const { rows } = await sql<AssetKind>`
    select ecosystem, release
    from unnest(${kinds.map(({ ecosystem }) => ecosystem)}::text[], ${kinds.map(({ release }) => release)}::text[])
      as kind (ecosystem, release)
    where coalesce((
      select false from statement
      where valid_until is null and statement.ecosystem = kind.ecosystem and statement.release = kind.release
      order by statement.ecosystem, statement.release, package limit 1
    ), true)`.execute(db);
  return rows;
}

/** By index: the list last made, and until when it is good enough although something changed. */
const kept = new WeakMap<OrganizationIndex, { revision: number; until: number; list: Dashboard['topUpgrades'] }>();

/** What removes most: for each source package of a release the highest fixing version, which fixes all that lower ones do. */
function upgrades(index: OrganizationIndex): Dashboard['topUpgrades'] {
  const begin = performance.now();
  const last = kept.get(index);
  if (last && (last.revision === index.revision || begin < last.until)) return last.list;
  const list = topUpgrades(index, listLength).map(({ ecosystem, release, source, versions, detections, assets, severity }) => ({
    ecosystem,
    release,
    source,
    detections,
    assets,
    severity: severity as Severity, // As knowledge_check has it.
    fixed: highestVersion(versions, ecosystem),
  }));
  const took = performance.now() - begin;
  const until = took < 20 ? 0 : begin + took * patienceFactor;
  kept.set(index, { revision: index.revision, until, list });
  return list;
}

/** The moments of the trend before now. */
function trendMoments(asOf: number): number[] {
  return Array.from({ length: trendDays - 1 }, (_, number) => asOf - (trendDays - 1 - number) * day);
}

interface Trend {
  readonly moments: readonly number[];
  readonly asOf: number;
  readonly open: readonly number[];
  readonly excepted: readonly number[][];
}

/** The last moment is now, as it is counted already. */
function trendOf(index: OrganizationIndex, { moments, asOf, open, excepted }: Trend): Dashboard['trend'] {
  const found = countFoundAt(index, moments);
  const past = found.map((counts, number) => counts.map((count, place) => count - (excepted[number]?.[place] ?? 0)));
  return [...moments, asOf].map((at, number) => ({
    at: new Date(at).toISOString(),
    open: severityCounts(named(past[number] ?? open)),
  }));
}
