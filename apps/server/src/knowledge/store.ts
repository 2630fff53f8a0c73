import type { Check, Knowledge, RecordOrigin, Reference } from '@vedette/protocol';
import { feeds } from '@vedette/feeds';
import { checkReferences, postureFeed } from '@vedette/matching';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
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

/** As knowledge_check keeps it. */
export type CheckBody = Omit<Check, 'affected'>;

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
