import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from './in-parts.ts';
import { affectedVerdicts, insertVerdicts, type StoredStatement, type StoredVerdict } from './judge-package-versions.ts';

/**
 * Judges every package version ever seen by the checks that changed. A verdict that stays as it was keeps its beginning; one that ended or
 * changed is closed at this version, so that the past can still be asked about.
 */
export async function judgeAgain(
  tx: Kysely<Database>,
  checks: readonly number[],
  { version, at }: { version: number; at: Date },
): Promise<void> {
  const packageVersions = await tx
    .selectFrom('packageVersion')
    .select([
      'id',
      'ecosystem',
      'release',
      'role',
      'name',
      'version',
      'architecture',
      'source',
      'sourceVersion',
      'state',
      'module',
    ])
    .where('ecosystem', '<>', '')
    // Those that arrive meanwhile are judged by all checks when their turn comes.
    .where(sql<boolean>`not exists (select from unjudged where package_version_id = package_version.id)`)
    .execute();
  if (packageVersions.length === 0) return;
  for (const part of inParts(checks, 20_000)) {
    const statements = await sql<Omit<StoredStatement, 'check'> & { checkNumber: number }>`
      select * from statement where valid_until is null and check_number = any(${part})`.execute(tx);
    const judged = affectedVerdicts(
      packageVersions,
      statements.rows.map(({ checkNumber, ...statement }) => ({ ...statement, check: checkNumber })),
    );
    const before = await tx
      .selectFrom('verdict')
      .innerJoin('statement', 'statement.id', 'verdict.statementId')
      .select(['packageVersionId', 'verdict.checkNumber', 'verdict.fixed', 'confidence', 'status', 'introduced', 'advisory'])
      .select(['lastAffected', 'limit', 'vendorState'])
      .where('verdict.validUntil', 'is', null)
      .where('verdict.checkNumber', '=', sql<number>`any(${part})`)
      .execute();
    const open = new Map(before.map((row) => [`${row.packageVersionId} ${row.checkNumber}`, evidence(row)]));
    const fresh = judged.filter((verdict) => {
      const key = `${verdict.packageVersionId} ${verdict.check}`;
      const unchanged = open.get(key) === evidenceOf(verdict);
      if (unchanged) open.delete(key);
      return !unchanged;
    });
    await closeVerdicts(tx, [...open.keys()], { version, at });
    for (const some of inParts(fresh)) await insertVerdicts(tx, some);
  }
}

/** What a verdict rests on: the same evidence in a new version of the check is the same verdict. */
function evidenceOf({ statement, confidence }: StoredVerdict): string {
  return evidence({ ...statement, confidence, fixed: statement.status === 'fixed' ? statement.fixed : null });
}

function evidence(
  basis: Pick<StoredStatement, 'fixed' | 'status' | 'introduced' | 'advisory' | 'lastAffected' | 'limit' | 'vendorState'> & {
    readonly confidence: string;
  },
): string {
  const { fixed, confidence, status, introduced, advisory } = basis;
  const rest = [basis.lastAffected ?? null, basis.limit ?? null, basis.vendorState ?? null];
  return JSON.stringify([fixed, confidence, status, introduced, advisory, ...rest]);
}

async function closeVerdicts(tx: Kysely<Database>, keys: readonly string[], { version, at }: { version: number; at: Date }) {
  const pairs = keys.map((key) => key.split(' ').map(Number));
  for (const part of inParts(pairs)) {
    await sql`
      update verdict set valid_until = ${version}, until_at = ${at}
      from unnest(${part.map(([id]) => id)}::integer[], ${part.map(([, check]) => check)}::integer[]) as ended (id, check_number)
      where verdict.package_version_id = ended.id and verdict.check_number = ended.check_number and verdict.valid_until is null`.execute(
      tx,
    );
  }
}
