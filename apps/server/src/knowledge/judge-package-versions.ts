import { EcosystemName } from '@vedette/protocol';
import {
  type AffectedStatement,
  advisorySubject,
  type InventoryElement,
  judge,
  PreparedStatements,
  type Verdict,
} from '@vedette/matching';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { recordEvidence } from './record-evidence.ts';

export type PackageVersion = Pick<
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
  return row.state === 'config-files' || !isEcosystem(row.ecosystem) ? null : { ...row, ecosystem: row.ecosystem };
}

const ecosystems: ReadonlySet<string> = new Set(EcosystemName.options);

function isEcosystem(name: string): name is EcosystemName {
  return ecosystems.has(name);
}

/** Verdicts `affected` of these package versions. The statements may be more than are needed. */
export function affectedVerdicts(rows: readonly PackageVersion[], statements: readonly StoredStatement[]): StoredVerdict[] {
  const bySubject = Map.groupBy(statements, subjectKey);
  // One list for all versions of a package, whose order is worked out once.
  const prepared = new Map<string, PreparedStatements>();
  return rows.flatMap((row) => {
    const element = toElement(row);
    if (!element) return [];
    const keys = subjectsOf(element).map(subjectKey);
    const group = prepared.get(keys.join()) ?? new PreparedStatements(keys.flatMap((key) => bySubject.get(key) ?? []));
    prepared.set(keys.join(), group);
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
  const { rows: found } = await sql<StoredStatement>`
    select ${statementColumns} from statement
    join unnest(
      ${wanted.map((subject) => subject.ecosystem)}::text[], ${wanted.map((subject) => subject.release)}::text[],
      ${wanted.map((subject) => subject.package)}::text[]
    ) as wanted (ecosystem, release, package) using (ecosystem, release, package)
    where valid_until is null`.execute(tx);
  return found;
}

/** Of a table `statement`, as StoredStatement has them. */
export const statementColumns = sql`
  id, check_number as "check", ecosystem, release, package, status, introduced, fixed, advisory, feed, published, last_affected, "limit",
  versions, module, vendor_state, patches, requires`;

/** Enters verdicts as of the current knowledge version. */
export async function insertVerdicts(tx: Kysely<Database>, verdicts: readonly StoredVerdict[]): Promise<void> {
  if (verdicts.length === 0) return;
  const evidence = await recordEvidence(tx, verdicts);
  const fixed = verdicts.map(({ statement }) => (statement.status === 'fixed' ? statement.fixed : null));
  // Numbers as texts, and hashes in one piece: PostgreSQL's driver takes longer to write a list than we take to judge what is in it.
  await sql`
    insert into verdict
      (package_version_id, check_number, statement_id, confidence, fixed, considered_id, evidence_hash, valid_from, from_at)
    select judged.package_version_id, judged.check_number, judged.statement_id, judged.confidence, judged.fixed, judged.considered_id,
      substring(${Buffer.concat(evidence.map(({ hash }) => hash))}::bytea from (judged.place::integer - 1) * 32 + 1 for 32),
      current.version, current.imported_at
    from unnest(
      ${listText(verdicts.map(({ packageVersionId }) => packageVersionId))}::text::integer[],
      ${listText(verdicts.map(({ check }) => check))}::text::integer[],
      ${listText(verdicts.map(({ statement }) => statement.id))}::text::bigint[],
      ${listText(verdicts.map(({ confidence }) => confidence))}::text::text[], ${fixed}::text[],
      ${listText(evidence.map(({ consideredId }) => consideredId))}::text::integer[]
    ) with ordinality as judged (package_version_id, check_number, statement_id, confidence, fixed, considered_id, place),
    (select version, imported_at from knowledge_version order by version desc limit 1) as current`.execute(tx);
}

/** As PostgreSQL writes arrays of what needs no quotes. */
function listText(items: readonly (number | string)[]): string {
  return `{${items.join()}}`;
}
