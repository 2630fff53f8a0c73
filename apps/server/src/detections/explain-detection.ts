import { explain, judge } from '@vedette/matching';
import type { Explanation, Reason, RecordOrigin } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type StoredStatement, toElement } from '../knowledge/judge-package-versions.ts';
import { decisiveEpisodes, type Episode, toIntervals } from './intervals.ts';
import { findDetections } from './store.ts';

export interface DetectionRef {
  readonly organizationId: string;
  readonly assetId: string;
  readonly check: number;
}

/**
 * Everything that a person needs to check a detection by hand: the intervals with their causes, and for each package the
 * comparison, made again from the stored statement. Null when there is no such detection.
 */
export async function explainDetection(db: Kysely<Database>, ref: DetectionRef, asOf: Date): Promise<Explanation | null> {
  const { items } = await findDetections(db, { ...ref, asOf, status: 'all', limit: 1, offset: 0 });
  const [detection] = items;
  if (!detection) return null;
  const episodes = await loadEpisodes(db, ref);
  const firstScan = await loadFirstScan(db, ref);
  return {
    detection,
    intervals: toIntervals(episodes, firstScan),
    why: await loadReasons(db, ref.check, decisiveEpisodes(episodes)),
  };
}

async function loadEpisodes(db: Kysely<Database>, ref: DetectionRef): Promise<Episode[]> {
  const episodes = await sql<Episode>`
    select verdict.package_version_id, package_version.role, verdict.statement_id, verdict.valid_from,
      verdict.from_at as verdict_from, verdict.until_at as verdict_until,
      lower(during) as present_from, upper(during) as present_until
    from presence
    join verdict using (package_version_id)
    join package_version on package_version.id = package_version_id
    where organization_id = ${ref.organizationId} and asset_id = ${ref.assetId} and check_number = ${ref.check}
      and not isempty(during * tstzrange(from_at, until_at))
    order by greatest(lower(during), from_at)`.execute(db);
  return episodes.rows;
}

async function loadFirstScan(db: Kysely<Database>, ref: DetectionRef): Promise<Date | null> {
  const row = await db
    .selectFrom('inventoryChange')
    .select(({ fn }) => fn.min('at').as('at'))
    .where('organizationId', '=', ref.organizationId)
    .where('assetId', '=', ref.assetId)
    .executeTakeFirst();
  return row?.at ?? null;
}

async function loadReasons(db: Kysely<Database>, check: number, episodes: readonly Episode[]): Promise<Reason[]> {
  const reasons: Reason[] = [];
  for (const episode of episodes) {
    const row = await db
      .selectFrom('packageVersion')
      .selectAll()
      .where('id', '=', episode.packageVersionId)
      .executeTakeFirstOrThrow();
    const statement = await db
      .selectFrom('statement')
      .selectAll()
      .where('id', '=', episode.statementId)
      .executeTakeFirstOrThrow();
    const element = toElement(row);
    const [verdict] = element ? judge(element, [toStatement(statement, check)]) : [];
    if (!verdict) continue;
    const origin = await loadOrigin(db, statement.feed);
    reasons.push({ ...explain(verdict), origin, knowledgeVersion: episode.validFrom });
  }
  return reasons.sort((a, b) => a.package.name.localeCompare(b.package.name));
}

function toStatement(row: Selectable<Database['statement']>, check: number): StoredStatement {
  const { checkNumber: _number, ecosystem, ...statement } = row;
  return { ...statement, ecosystem: ecosystem as StoredStatement['ecosystem'], check }; // Entered through Advisory's schema.
}

async function loadOrigin(db: Kysely<Database>, feed: string): Promise<RecordOrigin | null> {
  const row = await db.selectFrom('feedState').selectAll().where('feed', '=', feed).executeTakeFirst();
  if (!row?.retrievedAt) return null;
  return { feed, location: row.location, retrievedAt: row.retrievedAt.toISOString(), sha256: row.sha256 };
}
