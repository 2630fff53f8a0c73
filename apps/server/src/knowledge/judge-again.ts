import { isDistribution } from '@vedette/protocol';
import { canonicalText } from '@vedette/matching';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from './in-parts.ts';
import {
  affectedVerdicts,
  insertVerdicts,
  statementColumns,
  type PackageVersion,
  type StoredStatement,
  type StoredVerdict,
} from './judge-package-versions.ts';

/**
 * Judges every package version ever seen by the checks that changed. A verdict that stays as it was keeps its beginning; one that ended or
 * changed is closed at this version, so that the past can still be asked about.
 */
export async function judgeAgain(
  tx: Kysely<Database>,
  checks: readonly number[],
  { version, at }: { version: number; at: Date },
): Promise<void> {
  for (const part of inParts(checks, 20_000)) {
    const statements = await sql<StoredStatement>`
      select ${statementColumns} from statement where valid_until is null and check_number = any(${part})`.execute(tx);
    const judged = affectedVerdicts(await packageVersionsAbout(tx, statements.rows), statements.rows);
    const before = await tx
      .selectFrom('verdict')
      .innerJoin('statement', 'statement.id', 'verdict.statementId')
      .select(['packageVersionId', 'verdict.checkNumber', 'verdict.fixed', 'confidence', 'status', 'introduced', 'advisory'])
      .select(['lastAffected', 'limit', 'vendorState', 'requires'])
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

/**
 * Package versions of which these statements may speak, and some more: kernels are signed under other names than that of their source, and
 * registries write one name in several ways.
 */
async function packageVersionsAbout(
  tx: Kysely<Database>,
  statements: readonly Pick<StoredStatement, 'ecosystem' | 'package'>[],
): Promise<PackageVersion[]> {
  const names = [...new Set(statements.map((statement) => statement.package))];
  const ecosystems = [...new Set(statements.map(({ ecosystem }) => ecosystem))];
  const registries = ecosystems.filter((ecosystem) => !isDistribution(ecosystem));
  const { rows } = await sql<PackageVersion>`
    select id, ecosystem, release, role, name, version, architecture, source, source_version, state, module
    from package_version
    where ecosystem = any(${ecosystems}::text[])
      and (source = any(${names}::text[]) or name = any(${names}::text[]) or source like 'linux%' or ecosystem = any(${registries}::text[]))
      -- Those that arrive meanwhile are judged by all checks when their turn comes.
      and not exists (select from unjudged where package_version_id = package_version.id)`.execute(tx);
  return rows;
}

/** What a verdict rests on: the same evidence in a new version of the check is the same verdict. */
function evidenceOf({ statement, confidence }: StoredVerdict): string {
  return evidence({ ...statement, confidence, fixed: statement.status === 'fixed' ? statement.fixed : null });
}

function evidence(
  basis: Pick<
    StoredStatement,
    'fixed' | 'status' | 'introduced' | 'advisory' | 'lastAffected' | 'limit' | 'vendorState' | 'requires'
  > & {
    readonly confidence: string;
  },
): string {
  const { fixed, confidence, status, introduced, advisory } = basis;
  const rest = [
    basis.lastAffected ?? null,
    basis.limit ?? null,
    basis.vendorState ?? null,
    basis.requires ? canonicalText(basis.requires) : null,
  ];
  return JSON.stringify([fixed, confidence, status, introduced, advisory, ...rest]);
}

async function closeVerdicts(tx: Kysely<Database>, keys: readonly string[], { version, at }: { version: number; at: Date }) {
  const pairs = keys.map((key) => key.split(' ').map(Number));
  for (const part of inParts(pairs)) {
    await sql`
      update verdict set valid_until = ${version}, until_at = ${at}, written_by = pg_current_xact_id()
      from unnest(${part.map(([id]) => id)}::integer[], ${part.map(([, check]) => check)}::integer[]) as ended (id, check_number)
      where verdict.package_version_id = ended.id and verdict.check_number = ended.check_number and verdict.valid_until is null`.execute(
      tx,
    );
  }
}
