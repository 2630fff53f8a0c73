import { createHash } from 'node:crypto';
import { buildChecks } from '@vedette/matching';
import type { Check, KnowledgeInput } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from './in-parts.ts';
import { judgeAgain } from './judge-again.ts';
import { lockKnowledge } from './lock.ts';

export interface ImportResult {
  readonly version: number;
  readonly checks: number;
  readonly changed: number;
  /** Names that have no check number. */
  readonly skipped: readonly string[];
}

export interface ImportOptions {
  readonly at: Date;
  /** True while nothing but the starter knowledge base went in. */
  readonly starter: boolean;
}

/**
 * Makes a new knowledge version of this input and judges everything known by what changed; all of it in one transaction, so that
 * the knowledge before stays in use when anything fails. Input equal to what is known makes no new version.
 */
export async function importKnowledge(
  db: Kysely<Database>,
  input: KnowledgeInput,
  options: ImportOptions,
): Promise<ImportResult> {
  const { checks, skipped } = buildChecks(input);
  const hashes = new Map(checks.map((check) => [check.number, hashCheck(check)]));
  return db.transaction().execute(async (tx) => {
    await lockKnowledge(tx);
    const known = await tx.selectFrom('knowledgeCheck').select(['number', 'hash']).where('validUntil', 'is', null).execute();
    const knownHashes = new Map(known.map(({ number, hash }) => [number, hash.toString('hex')]));
    const changed = checks.filter((check) => knownHashes.get(check.number) !== hashes.get(check.number));
    const gone = known.filter(({ number }) => !hashes.has(number)).map(({ number }) => number);
    const last = await tx.selectFrom('knowledgeVersion').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst();
    const affected = [...changed.map(({ number }) => number), ...gone];
    const result = { checks: checks.length, changed: affected.length, skipped };
    if (last && affected.length === 0 && last.starter === options.starter) return { version: last.version, ...result };

    const version = (last?.version ?? 0) + 1;
    const newest = input.advisories.reduce<string | null>(
      (max, { published }) => (published && (!max || published > max) ? published : max),
      null,
    );
    await tx
      .insertInto('knowledgeVersion')
      .values({ version, importedAt: options.at, newest, checks: checks.length, starter: options.starter })
      .execute();
    await closeChecks(tx, affected, version);
    await insertChecks(tx, changed, { version, hashes });
    await insertStatements(tx, changed, version);
    await judgeAgain(tx, affected, { version, at: options.at });
    return { version, ...result };
  });
}

function hashCheck(check: Check): string {
  return createHash('sha256').update(JSON.stringify(check)).digest('hex');
}

async function closeChecks(tx: Kysely<Database>, numbers: readonly number[], version: number): Promise<void> {
  for (const part of inParts(numbers)) {
    await sql`update knowledge_check set valid_until = ${version} where valid_until is null and number = any(${part})`.execute(
      tx,
    );
    await sql`update statement set valid_until = ${version} where valid_until is null and check_number = any(${part})`.execute(
      tx,
    );
  }
}

async function insertChecks(
  tx: Kysely<Database>,
  checks: readonly Check[],
  { version, hashes }: { version: number; hashes: ReadonlyMap<number, string> },
): Promise<void> {
  for (const part of inParts(checks)) {
    const bodies = part.map(({ affected: _statements, ...body }) => JSON.stringify(body));
    await sql`
      insert into knowledge_check (valid_from, number, name, severity, published, patchable, hash, body)
      select ${version}::integer, * from unnest(
        ${part.map(({ number }) => number)}::integer[], ${part.map(({ name }) => name)}::text[],
        ${part.map(({ severity }) => severity)}::smallint[], ${part.map(({ published }) => published)}::date[],
        ${part.map(({ patchable }) => patchable)}::boolean[],
        ${part.map(({ number }) => Buffer.from(hashes.get(number) ?? '', 'hex'))}::bytea[], ${bodies}::jsonb[]
      )`.execute(tx);
  }
}

async function insertStatements(tx: Kysely<Database>, checks: readonly Check[], version: number): Promise<void> {
  const statements = checks.flatMap((check) => check.affected.map((statement) => ({ ...statement, check: check.number })));
  for (const part of inParts(statements)) {
    await sql`
      insert into statement
        (valid_from, check_number, ecosystem, release, package, status, introduced, fixed, advisory, feed, published)
      select ${version}::integer, * from unnest(
        ${part.map(({ check }) => check)}::integer[], ${part.map(({ ecosystem }) => ecosystem)}::text[],
        ${part.map(({ release }) => release)}::text[], ${part.map((statement) => statement.package)}::text[],
        ${part.map(({ status }) => status)}::text[], ${part.map(({ introduced }) => introduced)}::text[],
        ${part.map(({ fixed }) => fixed)}::text[], ${part.map(({ advisory }) => advisory)}::text[],
        ${part.map(({ feed }) => feed)}::text[], ${part.map(({ published }) => published)}::date[]
      )`.execute(tx);
  }
}
