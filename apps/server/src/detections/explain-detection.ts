import { evidenceOf, explain, explainRisk, judge, judgeEvidence, riskFormula, riskScore, type Verdict } from '@vedette/matching';
import {
  type Detection,
  type Explanation,
  isPostureCheck,
  postureEcosystem,
  PostureText,
  type Reason,
  RecordOrigin,
} from '@vedette/protocol';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type Decisions, noDecisions } from '../decisions/decisions.ts';
import { type StoredStatement, toElement } from '../knowledge/judge-package-versions.ts';
import { readConsidered } from '../knowledge/replay-verdicts.ts';
import { decisiveEpisodes, type Episode, toIntervals } from './intervals.ts';
import { findDetections } from './store.ts';

export interface DetectionRef {
  readonly organizationId: string;
  readonly assetId: string;
  readonly check: number;
}

/**
 * Everything that a person needs to check a detection by hand: the intervals with their causes, and for each package the
 * comparison, made again from the stored evidence. Null when there is no such detection.
 */
export async function explainDetection(
  db: Kysely<Database>,
  ref: DetectionRef,
  { asOf, decisions = noDecisions }: { readonly asOf: Date; readonly decisions?: Decisions },
): Promise<Explanation | null> {
  const page = { limit: 1, offset: 0 };
  const { items } = await findDetections(db, { ...ref, ...page, asOf, decisions, status: 'all', exception: 'with' });
  const [detection] = items;
  if (!detection) return null;
  const episodes = await loadEpisodes(db, ref);
  const firstScan = await loadFirstScan(db, ref);
  return {
    detection,
    risk: await explainRiskOf(db, detection, { organizationId: ref.organizationId, decisions }),
    intervals: toIntervals(episodes, firstScan),
    why: await loadReasons(db, ref.check, decisiveEpisodes(episodes)),
    posture: await loadPosture(db, ref.check),
  };
}

async function explainRiskOf(
  db: Kysely<Database>,
  { assetId, check, confidence, cvssScore, epssScore, kevSince }: Detection,
  { organizationId, decisions }: { readonly organizationId: string; readonly decisions: Decisions },
): Promise<Explanation['risk']> {
  const { rows } = await sql<{ assetNumber: number; severity: number }>`
    select asset.number as asset_number, (
      select severity from knowledge_check where number = ${check} order by valid_from desc limit 1) as severity
    from asset where organization_id = ${organizationId} and id = ${assetId}`.execute(db);
  const [row] = rows;
  if (!row) return null;
  const { contextOf } = decisions;
  const facts = { severity: row.severity, cvss: cvssScore, epss: epssScore, exploited: kevSince !== null };
  const isConfirmed = confidence === 'confirmed';
  const context = contextOf(row.assetNumber);
  return {
    score: riskScore(facts, isConfirmed, context),
    formula: riskFormula.version,
    factors: explainRisk(facts, isConfirmed, context),
  };
}

/** Of what a probe read: whether it had never been read before, so that it did not change then. */
function sinceRead({ organizationId, assetId }: DetectionRef): RawBuilder<unknown> {
  return sql`(package_version.ecosystem = ${postureEcosystem} and not exists (
    select from presence as earlier join package_version as other on other.id = earlier.package_version_id
    where earlier.organization_id = ${organizationId} and earlier.asset_id = ${assetId} and lower(earlier.during) < lower(presence.during)
      and other.ecosystem = package_version.ecosystem and other.source = package_version.source and other.name = package_version.name))`;
}

async function loadEpisodes(db: Kysely<Database>, ref: DetectionRef): Promise<Episode[]> {
  const episodes = await sql<Episode>`
    select verdict.package_version_id, package_version.role, package_version.ecosystem, ${sinceRead(ref)} as first_read, verdict.statement_id, verdict.valid_from,
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

/** The text of now: how to fix it does not depend on when it was found. */
async function loadPosture(db: Kysely<Database>, check: number): Promise<PostureText | null> {
  if (!isPostureCheck(check)) return null;
  const row = await db
    .selectFrom('knowledgeCheck')
    .select(sql<unknown>`body -> 'posture'`.as('posture'))
    .where('number', '=', check)
    .orderBy('validFrom', 'desc')
    .limit(1)
    .executeTakeFirst();
  return PostureText.safeParse(row?.posture).data ?? null;
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
  for (const { packageVersionId, validFrom, verdictFrom, statementId } of episodes) {
    const stored = await loadVerdict(db, { packageVersionId, check, validFrom, statementId });
    if (!stored) continue;
    const { verdict, evidenceHash } = stored;
    reasons.push({
      ...explain(verdict),
      origin: await loadOrigin(db, verdict.statement.feed, validFrom),
      knowledgeVersion: validFrom,
      knowledgeAt: verdictFrom.toISOString(),
      evidence: evidenceHash && { sha256: evidenceHash.toString('hex'), record: evidenceOf(verdict) },
    });
  }
  return reasons.sort((a, b) => a.package.name.localeCompare(b.package.name));
}

interface VerdictRef {
  readonly packageVersionId: number;
  readonly check: number;
  readonly validFrom: number;
  readonly statementId: number;
}

/** The verdict made again from all that it considered; for one without evidence from the statement that decided it. */
async function loadVerdict(
  db: Kysely<Database>,
  { packageVersionId, check, validFrom, statementId }: VerdictRef,
): Promise<{ verdict: Verdict; evidenceHash: Buffer | null } | null> {
  const row = await db.selectFrom('packageVersion').selectAll().where('id', '=', packageVersionId).executeTakeFirstOrThrow();
  const element = toElement(row);
  if (!element) return null;
  const stored = await db
    .selectFrom('verdict')
    .innerJoin('considered', 'considered.id', 'verdict.consideredId')
    .select(['statements', 'evidenceHash'])
    .where('packageVersionId', '=', packageVersionId)
    .where('checkNumber', '=', check)
    .where('validFrom', '=', validFrom)
    .executeTakeFirst();
  const statements = stored ? readConsidered(stored.statements) : null;
  const replayed = statements && judgeEvidence({ check, element, statements });
  if (replayed) return { verdict: replayed, evidenceHash: stored?.evidenceHash ?? null };
  const statement = await db.selectFrom('statement').selectAll().where('id', '=', statementId).executeTakeFirstOrThrow();
  const [verdict] = judge(element, [toStatement(statement, check)]);
  return verdict ? { verdict, evidenceHash: null } : null;
}

function toStatement(row: Selectable<Database['statement']>, check: number): StoredStatement {
  const { checkNumber: _number, ecosystem, ...statement } = row;
  return { ...statement, ecosystem: ecosystem as StoredStatement['ecosystem'], check }; // Entered through Advisory's schema.
}

/** The file of the feed that the knowledge version was made from; where that was not kept, the one read last. */
async function loadOrigin(db: Kysely<Database>, feed: string, version: number): Promise<RecordOrigin | null> {
  const knowledge = await db.selectFrom('knowledgeVersion').select('origins').where('version', '=', version).executeTakeFirst();
  const kept = RecordOrigin.array()
    .parse(knowledge?.origins ?? [])
    .find((origin) => origin.feed === feed);
  if (kept) return kept;
  const row = await db.selectFrom('feedState').selectAll().where('feed', '=', feed).executeTakeFirst();
  if (!row?.retrievedAt) return null;
  return { feed, location: row.location, retrievedAt: row.retrievedAt.toISOString(), sha256: row.sha256 };
}
