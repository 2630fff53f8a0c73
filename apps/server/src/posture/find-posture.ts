import { meetsRequirement, requirementText } from '@vedette/matching';
import {
  type PostureOutcome,
  postureEcosystem,
  postureFact,
  postureOutcomes,
  type PostureResult,
  PostureText,
  type Requirement,
  unassessedMarks,
} from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { packagesAt } from '../inventory/packages-at.ts';
import { knowledgeVersion } from '../knowledge/knowledge-version.ts';
import { holdsAt } from '../query/check-condition.ts';

type Counts = Record<PostureOutcome, number>;

interface StatementRow {
  readonly checkNumber: number;
  readonly package: string;
  readonly requires: Requirement;
}

interface ReadRow {
  readonly probe: string;
  readonly subject: string;
  readonly value: string;
  readonly where: string;
}

interface AssetAt {
  readonly organizationId: string;
  readonly assetId: string;
  /** Null for now. */
  readonly asOf: Date | null;
}

/** What every posture check finds on an asset, now or as of a moment, failed ones first, then the worst. */
export async function findPosture(db: Kysely<Database>, asset: AssetAt): Promise<{ counts: Counts; checks: PostureResult[] }> {
  const version = await knowledgeVersion(db, asset.asOf);
  const checks = await db
    .selectFrom('knowledgeCheck')
    .select(['number', 'name', 'severity', 'body'])
    .where(holdsAt('knowledge_check', version))
    .where(sql<boolean>`body -> 'posture' is not null and body -> 'posture' <> 'null'`)
    .execute();
  const statements = await sql<StatementRow>`
    select check_number, package, requires from statement
    where ecosystem = ${postureEcosystem} and ${holdsAt('statement', version)} order by id`.execute(db);
  const byCheck = Map.groupBy(statements.rows, ({ checkNumber }) => checkNumber);
  const byProbe = Map.groupBy(await loadReadings(db, asset), ({ probe }) => probe);
  const results = checks.map(({ number, name, severity, body }): PostureResult => {
    const { severityRule, posture } = body as { severityRule: string; posture: unknown }; // Written from a Check.
    const evidence = (byCheck.get(number) ?? []).flatMap((statement) => judgeReadings(statement, byProbe));
    const grave = severity as PostureResult['severity']; // Likewise.
    return {
      ...PostureText.parse(posture),
      check: number,
      name,
      severity: grave,
      severityRule,
      outcome: worst(evidence),
      evidence,
    };
  });
  const counts = Object.fromEntries(
    postureOutcomes.map((each) => [each, results.filter(({ outcome }) => outcome === each).length]),
  );
  results.sort((a, b) => rank(a) - rank(b) || b.severity - a.severity || a.check - b.check);
  return { counts: counts as Counts, checks: results }; // one for each outcome
}

function judgeReadings(
  { package: probe, requires }: StatementRow,
  byProbe: ReadonlyMap<string, readonly ReadRow[]>,
): PostureResult['evidence'] {
  const required = requirementText(requires);
  const rows = byProbe.get(probe) ?? [];
  if (rows.length === 0) return [{ subject: probe, value: '', where: '', required, outcome: 'unread' }];
  return rows.map(({ subject, value, where }) => ({
    subject: subject === '' ? probe : subject,
    value,
    where,
    required,
    outcome: outcomeOf(requires, value),
  }));
}

function outcomeOf(requires: Requirement, value: string): PostureOutcome {
  const isMet = meetsRequirement(requires, value);
  if (isMet !== null) return isMet ? 'passed' : 'failed';
  // A value of which nothing is known, such as a release that nobody lists.
  return unassessedMarks.includes(value) || !value.startsWith('(') ? 'unassessed' : 'not-applicable';
}

/** Of no evidence at all, because nothing is known by which to judge: unassessed. */
function worst(evidence: PostureResult['evidence']): PostureOutcome {
  return postureOutcomes.find((each) => evidence.some(({ outcome }) => outcome === each)) ?? 'unassessed';
}

function rank({ outcome }: PostureResult): number {
  return postureOutcomes.indexOf(outcome);
}

async function loadReadings(db: Kysely<Database>, asset: AssetAt): Promise<readonly ReadRow[]> {
  const { rows } = await sql<ReadRow>`
    select source as probe, package_version.name as subject, version as value, source_version as "where"
    from ${packagesAt({ ...asset, collector: postureFact.name })}
    order by source, package_version.name`.execute(db);
  return rows;
}
