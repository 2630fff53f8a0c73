import { type RawBuilder, sql } from 'kysely';

/** Which detections, seen from which moment. */
export interface DetectionScope {
  readonly organizationId: string;
  readonly assetId?: string | undefined;
  /** Only on these. */
  readonly assetIds?: readonly string[] | undefined;
  readonly check?: number | undefined;
  /** Only of these. */
  readonly checks?: readonly number[] | undefined;
  /** Only these. */
  readonly among?: readonly { readonly assetId: string; readonly check: number }[] | undefined;
  readonly asOf: Date;
}

/** One derived detection, before names are joined. */
export interface DerivedDetection {
  readonly assetId: string;
  readonly checkNumber: number;
  readonly open: boolean;
  readonly confirmed: boolean;
  /** Said of one of them as potential, whatever is said of the others. */
  readonly potential: boolean;
  readonly firstFound: Date;
  /** Begin of the last interval. */
  readonly foundAgain: Date;
  /** End of the last interval; null while open. */
  readonly fixedAt: Date | null;
  readonly intervals: number;
  /** Package versions that make it true at the moment, or did last. */
  readonly packageVersionIds: number[];
}

/** For so many days a detection counts as new. */
export const newForDays = 7;

/**
 * The join of both histories: for every asset and check the times at which a package version was there (presence) while a
 * verdict on it held. No row of it is stored anywhere; `asOf` is only another moment put into the same query.
 * Columns: see DerivedDetection, in snake_case; and `during`, all the times at which it was open up to that moment.
 */
export function derivedDetections(scope: DetectionScope): RawBuilder<DerivedDetection> {
  const { organizationId, assetId, assetIds, check, checks, among, asOf } = scope;
  const moment = sql`${asOf}::timestamptz`;
  const wanted = among && isAmong(among);
  return sql<DerivedDetection>`
    select asset_id, check_number, open, first_found, found_again, intervals, during,
      case when open then null else last_end end as fixed_at,
      case when open then confirmed_now else confirmed_ever end as confirmed,
      case when open then potential_now else potential_ever end as potential,
      case when open then ids_now else ids_ever end as package_version_ids
    from (
      select asset_id, check_number,
        bool_or(whole @> ${moment}) as open,
        bool_or(confirmed) filter (where whole @> ${moment}) as confirmed_now,
        bool_or(confirmed) as confirmed_ever,
        bool_or(potential) filter (where whole @> ${moment}) as potential_now,
        bool_or(potential) as potential_ever,
        lower(range_agg(clipped)) as first_found,
        upper(range_agg(clipped)) as last_end,
        range_agg(clipped) as during,
        (select max(lower(part)) from unnest(range_agg(clipped)) as part) as found_again,
        (select count(*) from unnest(range_agg(clipped)) as part)::integer as intervals,
        array_agg(package_version_id) filter (where whole @> ${moment}) as ids_now,
        array_agg(package_version_id order by upper(clipped) desc) as ids_ever
      from (
        select presence.asset_id, verdict.check_number, verdict.package_version_id,
          verdict.confidence = 'confirmed' as confirmed, verdict.confidence = 'potential' as potential,
          presence.during * tstzrange(verdict.from_at, verdict.until_at) as whole,
          presence.during * tstzrange(verdict.from_at, verdict.until_at) * tstzrange(null, ${moment}, '[]') as clipped
        from presence
        join verdict using (package_version_id)
        where presence.organization_id = ${organizationId}
          ${assetId === undefined ? sql`` : sql`and presence.asset_id = ${assetId}`}
          ${assetIds === undefined ? sql`` : sql`and presence.asset_id = any(${assetIds}::uuid[])`}
          ${check === undefined ? sql`` : sql`and verdict.check_number = ${check}`}
          ${checks === undefined ? sql`` : sql`${isOfChecks(checks)} and verdict.check_number = any(${checks}::integer[])`}
          ${wanted?.ofPresence ?? sql``}
      ) as element
      where not isempty(clipped)
      group by asset_id, check_number
    ) as grouped
    ${wanted?.ofGroups ?? sql``}`;
}

/**
 * The lists by themselves first: PostgreSQL can begin with them, and then has only a few changes of these assets to look at. Of many checks
 * on a few assets, all that is on the assets is derived before the pairs are looked for.
 */
function isAmong(wanted: NonNullable<DetectionScope['among']>): Record<'ofPresence' | 'ofGroups', RawBuilder<unknown>> {
  const [assetIds, checks] = [wanted.map(({ assetId }) => assetId), wanted.map(({ check }) => check)];
  const [assets, others] = [new Set(assetIds), new Set(checks)];
  const pairs = sql`(select * from unnest(${assetIds}::uuid[], ${checks}::integer[]))`;
  const ofAssets = sql`and presence.asset_id = any(${[...assets]}::uuid[])`;
  if (assets.size < others.size) return { ofPresence: ofAssets, ofGroups: sql`where (asset_id, check_number) in ${pairs}` };
  const ofPresence = sql`${ofAssets} ${isOfChecks([...others])} and (presence.asset_id, verdict.check_number) in ${pairs}`;
  return { ofPresence, ofGroups: sql`` };
}

function isOfChecks(checks: readonly number[]): RawBuilder<unknown> {
  return sql`and presence.package_version_id = any(array(
    select package_version_id from verdict where check_number = any(${checks}::integer[])))`;
}

/** Severity as counted: what is only information or potential about an asset is informational, whatever the check's own severity. */
export const countedSeverity = sql<number>`case when detection.confirmed then knowledge_check.severity else 1 end`;

/** The newest form of a detection's check; joined laterally. */
export const checkOfDetection = sql`
  join lateral (
    select * from knowledge_check where number = detection.check_number order by valid_from desc limit 1
  ) as knowledge_check on true`;

/** new, active, reopened, fixed: a function of the intervals and the moment. */
export function statusOf(asOf: Date): RawBuilder<string> {
  return sql<string>`case
    when not detection.open then 'fixed'
    when detection.intervals > 1 then 'reopened'
    when detection.first_found >= ${asOf}::timestamptz - make_interval(days => ${newForDays}) then 'new'
    else 'active' end`;
}
