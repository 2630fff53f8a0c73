import type { CheckSorting, CheckSummary, SortDirection } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { PastMoment } from '../fleet-index/past-moment.ts';
import { ApiError } from '../http/api-error.ts';
import { isBehind, orderBy, type Place, placeOf, readPlace, type SortKey, turned, writePlace } from '../http/list-cursor.ts';
import { checkCondition, highestScore, holdsAt } from '../query/check-condition.ts';
import { readQuery } from '../query/read-query.ts';
import { knowledgeVersion } from './knowledge-version.ts';
import type { CheckBody } from './store.ts';

export interface CheckQuery {
  readonly organizationId: string;
  /** In the query language. */
  readonly query?: string | undefined;
  readonly search?: string | undefined;
  readonly severity?: number | undefined;
  readonly detected?: 'true' | 'false' | undefined;
  readonly sort: CheckSorting;
  readonly direction: SortDirection;
  readonly now: Date;
  /** A moment of the past. */
  readonly asOf?: Date | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly after?: string | undefined;
}

export interface CheckList {
  readonly total: number;
  readonly items: CheckSummary[];
  readonly next: string | null;
}

/**
 * Checks with the number of assets on which they are open, worst first unless another order is wished; as of a moment with the knowledge
 * of then. Throws ApiError BAD_REQUEST for a query that cannot be understood, UNAVAILABLE while the fleet index is being built.
 */
export async function findChecks({ db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>, wish: CheckQuery): Promise<CheckList> {
  const { query, asOf } = readQuery(wish.query, 'check', wish.now);
  if (wish.search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  const moment = momentOf(asOf ?? wish.asOf?.getTime(), wish.now);
  const version = await knowledgeVersion(db, moment === null ? null : new Date(moment));
  const found = await foundAt(fleetIndex, wish.organizationId, moment);
  const order = `${wish.sort} ${wish.direction}`;
  const keys = wish.direction === 'descending' ? turned(sortKeys[wish.sort]) : sortKeys[wish.sort];
  const types = keys.map(({ type }) => type);
  const after = wish.after === undefined ? null : readPlace(wish.after, order, types);
  const fitting = sql`
    from knowledge_check
    left join unnest(${found.map(([number]) => number)}::integer[], ${found.map(([, assets]) => assets)}::integer[])
      as found (check_number, assets) on found.check_number = knowledge_check.number
    where ${holdsAt('knowledge_check', version)} and ${plainFilter(wish, version)}
      and ${query ? checkCondition(query, version) : sql`true`}`;
  // Sorted without what they say: that is many times as much, and only a page of it is shown.
  const columns = keys.map((_, at) => sql.raw(`key_${at}`));
  const own = keys.map((key, at): SortKey => ({ ...key, by: sql.raw(`page.key_${at}`) }));
  const { rows } = await sql<{ body: CheckBody; openAssets: number; total: number; place: Place }>`
    with fitting as materialized (
      select knowledge_check.number, valid_from, coalesce(found.assets, 0) as open_assets,
        ${sql.join(keys.map(({ by }, at) => sql`${by} as ${columns[at]}`))} ${fitting}
    ), page as (
      select * from fitting as page where ${after ? isBehind(own, after) : sql`true`}
      order by ${orderBy(own)} limit ${wish.limit} offset ${wish.offset}
    )
    select body, open_assets, (select count(*)::integer from fitting) as total, ${placeOf(own)} as place
    from page join knowledge_check on knowledge_check.number = page.number and knowledge_check.valid_from = page.valid_from
    order by ${orderBy(own)}`.execute(db);
  const isPastEnd = rows.length === 0 && (wish.offset > 0 || after !== null);
  const total = rows[0]?.total ?? (isPastEnd ? await countRows(db, fitting) : 0);
  const last = rows.length < wish.limit ? undefined : rows.at(-1);
  return { total, items: rows.map(toSummary), next: last ? writePlace(order, last.place) : null };
}

function toSummary({ body, openAssets }: { readonly body: CheckBody; readonly openAssets: number }): CheckSummary {
  const { cvss, ...rest } = body;
  return { ...rest, cvssScore: cvss.length === 0 ? null : Math.max(...cvss.map(({ score }) => score)), openAssets };
}

async function countRows(db: Kysely<Database>, fitting: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ total: number }>`select count(*)::integer as total ${fitting}`.execute(db);
  return rows[0]?.total ?? 0;
}

function momentOf(asOf: number | undefined, now: Date): number | null {
  return asOf === undefined || asOf >= now.getTime() ? null : asOf;
}

type Found = readonly (readonly [check: number, assets: number])[];

/** Check numbers with the number of assets on which each is, or was, open. */
async function foundAt(fleetIndex: Context['fleetIndex'], organizationId: string, moment: number | null): Promise<Found> {
  const now = await fleetIndex.current(organizationId);
  if (moment !== null && moment >= now.since) return foundByLog(now, moment);
  return [...(moment === null ? now : await fleetIndex.at(organizationId, new Date(moment))).assetsByCheck()];
}

/** Within the window of the log no index of then is needed. */
function foundByLog(index: OrganizationIndex, moment: number): Found {
  const past = new PastMoment(index, moment);
  const counts: [number, number][] = [];
  for (const [place, check] of index.book.checks.entries()) {
    const { open } = past.count(place);
    if (open > 0) counts.push([check.number, open]);
  }
  past.dispose();
  return counts;
}

function plainFilter({ search, severity, detected }: CheckQuery, version: number): RawBuilder<boolean> {
  const pattern = search ? containing(search) : null;
  const named =
    pattern === null
      ? sql`true`
      : sql`(name ilike ${pattern} or number::text = ${search} or number in (
          select check_number from statement
          where ${holdsAt('statement', version)} and (package ilike ${pattern} or advisory ilike ${pattern})))`;
  const wanted = detected === undefined ? sql`true` : sql`(found.assets is not null) = ${detected === 'true'}`;
  return sql<boolean>`(${named} and ${wanted} and ${severity === undefined ? sql`true` : sql`severity >= ${severity}`})`;
}

const number = (by: RawBuilder<unknown>): SortKey => ({ by, type: 'number' });
const newest = number(sql`-knowledge_check.number`);
const worst = [
  number(sql`-severity`),
  number(sql`-((body ->> 'kevSince') is not null)::integer`),
  number(sql`-coalesce(published - date '1970-01-01', -1000000)`),
  newest,
];

/** Figures: the highest first. */
const sortKeys: Readonly<Record<CheckSorting, readonly SortKey[]>> = {
  worst,
  name: [{ by: sql`knowledge_check.name`, type: 'text' }, newest],
  number: [number(sql`knowledge_check.number`)],
  published: [number(sql`-coalesce(published - date '1970-01-01', -1000000)`), newest],
  kevSince: [number(sql`-coalesce((body ->> 'kevSince')::date - date '1970-01-01', -1000000)`), ...worst],
  patchable: [number(sql`-knowledge_check.patchable::integer`), ...worst],
  cvss: [number(sql`-coalesce(${highestScore}, -1)`), ...worst],
  epss: [number(sql`-coalesce((body #>> '{epss,score}')::float8, -1)`), ...worst],
  assets: [number(sql`-coalesce(found.assets, 0)`), ...worst],
};
