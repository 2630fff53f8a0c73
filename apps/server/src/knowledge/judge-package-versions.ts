import { EcosystemName } from '@vedette/protocol';
import { type AffectedStatement, advisorySubject, type InventoryElement, judge, type Verdict } from '@vedette/matching';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { recordEvidence } from './record-evidence.ts';

type PackageVersion = Pick<
  Selectable<Database['packageVersion']>,
  'id' | 'ecosystem' | 'release' | 'role' | 'name' | 'version' | 'architecture' | 'source' | 'sourceVersion' | 'state' | 'module'
>;
export type StoredStatement = AffectedStatement & { readonly id: number };
export type StoredVerdict = Verdict & { readonly packageVersionId: number; readonly statement: StoredStatement };

/** Judges new package versions by the knowledge base as it is; the caller holds its shared lock. */
export async function judgePackageVersions(tx: Kysely<Database>, ids: readonly number[]): Promise<void> {
  const rows = await tx
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
    .where('id', '=', sql<number>`any(${[...ids]})`)
    .where('ecosystem', '<>', '')
    .execute();
  const statements = await currentStatements(tx, rows);
  await insertVerdicts(tx, affectedVerdicts(rows, statements));
}

/** What is on the asset, as the matcher takes it; null for what holds no code: only configuration files are left. */
export function toElement(row: PackageVersion): InventoryElement | null {
  const ecosystem = EcosystemName.safeParse(row.ecosystem);
  return row.state === 'config-files' || !ecosystem.success ? null : { ...row, ecosystem: ecosystem.data };
}

/** Verdicts `affected` of these package versions. The statements may be more than are needed. */
export function affectedVerdicts(rows: readonly PackageVersion[], statements: readonly StoredStatement[]): StoredVerdict[] {
  const bySource = new Map<string, StoredStatement[]>();
  for (const statement of statements) {
    const key = subjectKey(statement);
    const group = bySource.get(key);
    if (group) group.push(statement);
    else bySource.set(key, [statement]);
  }
  return rows.flatMap((row) => {
    const element = toElement(row);
    if (!element) return [];
    const group = subjectsOf(element).flatMap((subject) => bySource.get(subjectKey(subject)) ?? []);
    return (
      judge(element, group)
        .filter(({ verdict }) => verdict === 'affected')
        // judge() hands back the very statements it was given.
        .map((verdict) => ({ ...verdict, packageVersionId: row.id, statement: verdict.statement as StoredStatement }))
    );
  });
}

type StatementSubject = Pick<StoredStatement, 'ecosystem' | 'release' | 'package'>;

/** What statements about an element name: its package in its release, and in all releases. */
function subjectsOf(element: InventoryElement): StatementSubject[] {
  const { ecosystem } = element;
  const { package: name } = advisorySubject(element);
  return [...new Set([element.release, ''])].map((release) => ({ ecosystem, release, package: name }));
}

function subjectKey(subject: StatementSubject): string {
  return `${subject.ecosystem} ${subject.release} ${subject.package}`;
}

async function currentStatements(tx: Kysely<Database>, rows: readonly PackageVersion[]): Promise<StoredStatement[]> {
  if (rows.length === 0) return [];
  const subjects = rows.flatMap((row) => toElement(row) ?? []).flatMap(subjectsOf);
  const wanted = [...new Map(subjects.map((subject) => [subjectKey(subject), subject])).values()];
  const found = await sql<Omit<StoredStatement, 'check'> & { checkNumber: number }>`
    select statement.* from statement
    join unnest(
      ${wanted.map((subject) => subject.ecosystem)}::text[], ${wanted.map((subject) => subject.release)}::text[],
      ${wanted.map((subject) => subject.package)}::text[]
    ) as wanted (ecosystem, release, package) using (ecosystem, release, package)
    where valid_until is null`.execute(tx);
  return found.rows.map(({ checkNumber, ...statement }) => ({ ...statement, check: checkNumber }));
}

/** Enters verdicts as of the current knowledge version. */
export async function insertVerdicts(tx: Kysely<Database>, verdicts: readonly StoredVerdict[]): Promise<void> {
  if (verdicts.length === 0) return;
  const evidence = await recordEvidence(tx, verdicts);
  await sql`
    insert into verdict
      (package_version_id, check_number, statement_id, confidence, fixed, considered_id, evidence_hash, valid_from, from_at)
    select judged.*, current.version, current.imported_at
    from unnest(
      ${verdicts.map((verdict) => verdict.packageVersionId)}::integer[], ${verdicts.map((verdict) => verdict.check)}::integer[],
      ${verdicts.map((verdict) => verdict.statement.id)}::bigint[], ${verdicts.map((verdict) => verdict.confidence)}::text[],
      ${verdicts.map((verdict) => (verdict.statement.status === 'fixed' ? verdict.statement.fixed : null))}::text[],
      ${evidence.map(({ consideredId }) => consideredId)}::integer[], ${evidence.map(({ hash }) => hash)}::bytea[]
    ) as judged,
    (select version, imported_at from knowledge_version order by version desc limit 1) as current`.execute(tx);
}
