import type { Check, CheckSummary, Knowledge, RecordOrigin, Reference } from '@vedette/protocol';
import { feeds } from '@vedette/feeds';
import { checkReferences, postureFeed } from '@vedette/matching';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { type CheckHistory, loadCheckHistory, toAffected } from './check-history.ts';

/** Knowledge whose newest advisory is older than this is called stale. */
const staleAfterDays = 14;
/** A feed that could not be looked after for so long, when it is asked for every six hours. */
const feedStaleAfterDays = 7;
const dayMs = 24 * 3600 * 1000;

export async function loadKnowledge(db: Kysely<Database>, now: Date, refreshing: boolean): Promise<Knowledge> {
  const current = await db.selectFrom('knowledgeVersion').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst();
  const states = await db.selectFrom('feedState').selectAll().orderBy('feed').execute();
  const describes = new Map(feeds.map((feed) => [feed.name, feed.describes]));
  describes.set(postureFeed, 'Posture checks that come with the platform');
  const date = current?.newest ?? null;
  return {
    version: current?.version ?? 0,
    checks: current?.checks ?? 0,
    date,
    importedAt: current?.importedAt.toISOString() ?? null,
    starter: current?.starter ?? false,
    stale: date === null || now.getTime() - new Date(date).getTime() > staleAfterDays * dayMs,
    refreshing,
    feeds: states.map((state) => ({
      feed: state.feed,
      describes: describes.get(state.feed) ?? '',
      location: state.location,
      // No complete feed has none: a feed that the starter carries as facts is stored without a count.
      records: state.records === 0 ? null : state.records,
      retrievedAt: state.retrievedAt?.toISOString() ?? null,
      checkedAt: state.checkedAt?.toISOString() ?? null,
      // Of the starter its own mark says so, and nobody can fetch it.
      stale: state.feed !== 'starter' && now.getTime() - (state.checkedAt?.getTime() ?? 0) > feedStaleAfterDays * dayMs,
      refusedRecords: state.refusedRecords,
      problem: state.problem,
    })),
  };
}

export interface CheckQuery {
  readonly organizationId: string;
  readonly search?: string | undefined;
  readonly severity?: number | undefined;
  readonly detected?: 'true' | 'false' | undefined;
  readonly limit: number;
  readonly offset: number;
}

type CheckBody = Omit<Check, 'affected'>;

/** Throws ApiError UNAVAILABLE while the fleet index is being built. */
export async function findChecks(
  context: Pick<Context, 'db' | 'fleetIndex'>,
  query: CheckQuery,
): Promise<{ total: number; items: CheckSummary[] }> {
  const found = [...(await context.fleetIndex.current(query.organizationId)).assetsByCheck()];
  const pattern = query.search ? containing(query.search) : null;
  const { rows } = await sql<{ body: CheckBody; openAssets: number; total: number }>`
    select body, coalesce(assets, 0) as open_assets, count(*) over ()::integer as total
    from knowledge_check
    left join unnest(${found.map(([number]) => number)}::integer[], ${found.map(([, assets]) => assets)}::integer[])
      as found (check_number, assets) on found.check_number = knowledge_check.number
    where valid_until is null
      and ${query.severity === undefined ? sql`true` : sql`severity >= ${query.severity}`}
      and ${query.detected === undefined ? sql`true` : sql`(found.assets is not null) = ${query.detected === 'true'}`}
      and ${
        pattern === null
          ? sql`true`
          : sql`(name ilike ${pattern} or number::text = ${query.search} or number in (
              select check_number from statement
              where statement.valid_until is null and (package ilike ${pattern} or advisory ilike ${pattern})))`
      }
    order by severity desc, (body ->> 'kevSince') is not null desc, published desc nulls last, number desc
    limit ${query.limit} offset ${query.offset}`.execute(context.db);
  // A page behind the end has no row that could carry the total.
  if (rows.length === 0 && query.offset > 0)
    return { ...(await findChecks(context, { ...query, limit: 1, offset: 0 })), items: [] };
  const items = rows.map(({ body, openAssets }) => {
    const { cvss, ...rest } = body;
    return { ...rest, cvssScore: cvss.length === 0 ? null : Math.max(...cvss.map(({ score }) => score)), openAssets };
  });
  return { total: rows[0]?.total ?? 0, items };
}

export interface CheckDetails extends CheckHistory {
  readonly check: Check;
  readonly openAssets: number;
  readonly origins: RecordOrigin[];
  readonly references: Reference[];
}

export async function findCheck(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: { readonly organizationId: string; readonly number: number },
): Promise<CheckDetails | null> {
  const row = await db
    .selectFrom('knowledgeCheck')
    .select('body')
    .where('number', '=', query.number)
    .where('validUntil', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  const statements = await db
    .selectFrom('statement')
    .selectAll()
    .where('checkNumber', '=', query.number)
    .where('validUntil', 'is', null)
    .orderBy('ecosystem')
    .orderBy('release')
    .orderBy('package')
    .orderBy('id')
    .execute();
  const history = await loadCheckHistory(db, query.number);
  if (!history) return null;
  const index = await fleetIndex.current(query.organizationId);
  const body = row.body as CheckBody; // Written from a Check.
  const check = { ...body, affected: statements.map(toAffected) };
  return {
    check,
    ...history,
    references: checkReferences(check),
    openAssets: index.assetsWith(query.number),
    origins: await loadOrigins(db, [...new Set(statements.map(({ feed }) => feed))]),
  };
}

async function loadOrigins(db: Kysely<Database>, names: readonly string[]): Promise<RecordOrigin[]> {
  const states = await db
    .selectFrom('feedState')
    .selectAll()
    .where('feed', '=', sql<string>`any(${[...names]})`)
    .execute();
  return states.flatMap(({ feed, location, retrievedAt, sha256 }) =>
    retrievedAt ? [{ feed, location, retrievedAt: retrievedAt.toISOString(), sha256 }] : [],
  );
}
