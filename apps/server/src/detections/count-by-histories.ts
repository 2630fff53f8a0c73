import type { DetectionGroup, DetectionGrouping } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import { type RawBuilder, sql } from 'kysely';
import { asksForTimes } from '../query/detection-query.ts';
import { hasNoFilter, inHistories, type Sources } from './find-by-query.ts';
import { detectionRows, type DetectionQuery } from './store.ts';
import { ApiError } from '../http/api-error.ts';

type Filter = Omit<DetectionQuery, 'asOf' | 'where' | 'limit' | 'offset' | 'after' | 'sort' | 'order'>;

interface Wish extends Filter {
  readonly groupBy: DetectionGrouping;
  readonly asked: Query | null;
  readonly past: Date;
}

/** Whether it is asked when detections came or went: that an index of a moment of the past does not know. */
export function isOfTimes(groupBy: DetectionGrouping, filter: Filter, query: Query | null): boolean {
  const isOfFilter = filter.status !== 'open' || filter.foundWithinDays !== undefined || filter.fixedWithinDays !== undefined;
  return groupBy === 'status' || groupBy === 'firstFound' || isOfFilter || asksForTimes(query);
}

/**
 * The same groups as the fleet index counts, derived from the histories of all assets: it takes as long as the list of the same detections,
 * and ends with the time that a statement may take. Throws ApiError BAD_REQUEST for filters beside a query.
 */
export async function countByHistories(
  sources: Sources,
  { groupBy, asked, past, ...filter }: Wish,
): Promise<{ readonly groups: DetectionGroup[]; readonly detections: number }> {
  if (asked && !hasNoFilter(filter))
    throw new ApiError('BAD_REQUEST', 'query: beside a query nothing else filters what is counted; write it into the query');
  const { organizationId } = filter;
  const scope = { organizationId, asOf: past, silence: sources.config.silence };
  const rows = detectionRows(await inHistories(sources, { ...filter, limit: 0, offset: 0, query: asked, past, scope }));
  const { rows: totals } = await sql<{ detections: number }>`
    select count(*)::integer as detections ${rows}`.execute(sources.db);
  const { rows: groups } = await sql<DetectionGroup>`
    select key, min(label) as label, count(distinct (asset_id, check_number))::integer as detections,
      ${groupBy === 'firstFound' ? sql`null` : sql`count(distinct asset_id)::integer`} as assets
    from (
      select detection.asset_id, check_number, ${keys[groupBy]} as key, ${labels[groupBy] ?? keys[groupBy]} as label ${rows}
    ) as keyed
    group by key`.execute(sources.db);
  return { groups, detections: totals[0]?.detections ?? 0 };
}

function ofAsset(column: 'os' | 'ecosystem' | 'release'): RawBuilder<unknown> {
  return sql`(select ${sql.ref(column)} from asset where asset.id = detection.asset_id)`;
}

const keys: Readonly<Record<DetectionGrouping, RawBuilder<unknown>>> = {
  severity: sql`severity::text`,
  check: sql`check_number::text`,
  status: sql`status`,
  asset: sql`asset_id::text`,
  os: ofAsset('os'),
  ecosystem: ofAsset('ecosystem'),
  release: ofAsset('release'),
  firstFound: sql`to_char(first_found at time zone 'UTC', 'YYYY-MM-DD')`,
  // Once for each package that makes it true.
  package: sql`unnest(array(select distinct source from package_version where id = any(package_version_ids)))`,
};

const labels: Readonly<Partial<Record<DetectionGrouping, RawBuilder<unknown>>>> = { check: sql`name`, asset: sql`hostname` };
