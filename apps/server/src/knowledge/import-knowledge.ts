import { type Check, type CheckKind, type KnowledgeInput, postureCheckNumbers } from '@vedette/protocol';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type CheckDifferences, CheckMaker, type HashedCheck, hashCheck, type MadeChecks } from './check-maker.ts';
import { numberChecks } from './check-numbers.ts';
import { inParts } from './in-parts.ts';
import { judgeAgain } from './judge-again.ts';
import { judgeSomeUnjudged } from './judge-unjudged.ts';
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
  /** True while nothing but the starter knowledge base went in; as it was, where that is not said. */
  readonly starter?: boolean;
  /** Of which kind these are all checks; those of the other stay as they are. */
  readonly kind?: CheckKind;
}

/** Where an import has its checks from. Asked in this order. */
export interface CheckSource {
  /** Names that need a number of the register. */
  merge(): Promise<readonly string[]>;
  /** Without the day of the newest where these say nothing of it. */
  make(numbers: ReadonlyMap<string, number>, today: string): Promise<Omit<MadeChecks, 'newest'> & Partial<MadeChecks>>;
  /** Knowledge version whose checks it compares with when no others are named; null where it knows none. */
  readonly version: number | null;
  compare(known: ReadonlyMap<number, string> | null): Promise<CheckDifferences>;
  take(numbers: readonly number[]): Promise<readonly HashedCheck[]>;
}

/** A large knowledge base is written part by part. */
const checksPart = 10_000;

/**
 * Makes a new knowledge version of this input and judges everything known by what changed; all of it in one transaction, so that
 * the knowledge before stays in use when anything fails. Input equal to what is known makes no new version.
 */
export async function importKnowledge(
  db: Kysely<Database>,
  input: KnowledgeInput,
  options: ImportOptions,
): Promise<ImportResult> {
  return importChecks(db, sourceOf(input), options);
}

/** The same for checks that are made elsewhere. */
export async function importChecks(db: Kysely<Database>, source: CheckSource, options: ImportOptions): Promise<ImportResult> {
  return db.transaction().execute(async (tx) => {
    // Waiting for syncs under way counts, too.
    await sql`set local statement_timeout = '10min'`.execute(tx);
    await lockKnowledge(tx);
    // By the knowledge that was in use when they came, so that what is derived of them does not depend on who was faster.
    while ((await judgeSomeUnjudged(tx)) > 0);
    const last = await tx.selectFrom('knowledgeVersion').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst();
    const { at, starter, kind, newest: before, version } = nextVersion(last, options);
    const numbers = await numberChecks(tx, await source.merge());
    const { total, skipped, newest = before } = await source.make(numbers, at.toISOString().slice(0, 10));
    const isKnown = last !== undefined && source.version === last.version;
    const { changed, gone } = await source.compare(isKnown ? null : await knownHashes(tx, kind));
    const affected = [...changed, ...gone];
    const result = { checks: total, changed: affected.length, skipped };
    if (last && affected.length === 0 && last.starter === starter) return { version: last.version, ...result };

    await tx
      .insertInto('knowledgeVersion')
      .values({ version, importedAt: at, newest, checks: total + (await countOthers(tx, kind)), starter })
      .execute();
    await keepOrigins(tx, version);
    await closeChecks(tx, affected, version);
    for (const part of inParts(changed, checksPart)) {
      const checks = await source.take(part);
      await insertChecks(tx, checks, version);
      await insertStatements(tx, checks, version);
    }
    await judgeAgain(tx, affected, { version, at });
    return { version, ...result };
  });
}

/**
 * Has the checks of the knowledge in use made, so that the import of something new costs only what that changes. Returns the knowledge version
 * that they are; null where they are not that of any, and an import would change something.
 */
export async function makeChecks(db: Kysely<Database>, source: CheckSource): Promise<number | null> {
  const names = await source.merge();
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const last = await tx
        .selectFrom('knowledgeVersion')
        .select('version')
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst();
      await source.make(await numberChecks(tx, names), '');
      const { changed, gone } = await source.compare(await knownHashes(tx, 'vulnerability'));
      return changed.length + gone.length === 0 ? (last?.version ?? null) : null;
    });
}

/** What follows the last version by itself. */
function nextVersion(
  last: Selectable<Database['knowledgeVersion']> | undefined,
  { at, starter, kind = 'vulnerability' }: ImportOptions,
) {
  return {
    // Time never runs backwards in a history, whatever the clock does: a verdict that ends before it begins is no range at all.
    at: last && last.importedAt > at ? last.importedAt : at,
    starter: starter ?? last?.starter ?? true,
    newest: last?.newest ?? null,
    version: (last?.version ?? 0) + 1,
    kind,
  };
}

function sourceOf(input: KnowledgeInput): CheckSource {
  const maker = new CheckMaker();
  return {
    version: null,
    merge: async () => maker.use(input),
    make: async (numbers, today) => maker.make(numbers, today),
    compare: async (known) => maker.compare(known ?? new Map()),
    take: async (numbers) => maker.take(numbers),
  };
}

/** The same for posture checks, which are all at hand. */
export async function importPosture(db: Kysely<Database>, checks: readonly Check[], at: Date): Promise<ImportResult> {
  const made = checks.map((check) => ({ check, hash: hashCheck(check) }));
  const numbers = new Set(checks.map(({ number }) => number));
  const source: CheckSource = {
    version: null,
    merge: async () => [],
    make: async () => ({ total: checks.length, skipped: [] }),
    compare: async (known) => ({
      changed: made.filter(({ check, hash }) => known?.get(check.number) !== hash).map(({ check }) => check.number),
      gone: [...(known?.keys() ?? [])].filter((number) => !numbers.has(number)),
    }),
    take: async (wanted) => made.filter(({ check }) => wanted.includes(check.number)),
  };
  return importChecks(db, source, { at, kind: 'posture' });
}

async function knownHashes(tx: Kysely<Database>, kind: CheckKind): Promise<Map<number, string>> {
  const known = await tx
    .selectFrom('knowledgeCheck')
    .select(['number', 'hash'])
    .where('validUntil', 'is', null)
    .where(isOfKind(kind))
    .execute();
  return new Map(known.map(({ number, hash }) => [number, hash.toString('hex')]));
}

async function countOthers(tx: Kysely<Database>, kind: CheckKind): Promise<number> {
  const { count } = await tx
    .selectFrom('knowledgeCheck')
    .select(sql<number>`count(*)::integer`.as('count'))
    .where('validUntil', 'is', null)
    .where(sql<boolean>`not ${isOfKind(kind)}`)
    .executeTakeFirstOrThrow();
  return count;
}

function isOfKind(kind: CheckKind): RawBuilder<boolean> {
  const { first, last } = postureCheckNumbers;
  return sql<boolean>`((number between ${first} and ${last}) = ${kind === 'posture'})`;
}

/** The feeds' files as they were: the next refresh overwrites feed_state, and a verdict names what it was made from (adr/0008). */
async function keepOrigins(tx: Kysely<Database>, version: number): Promise<void> {
  await sql`
    update knowledge_version set origins = (
      select coalesce(json_agg(json_build_object('feed', feed, 'location', location, 'sha256', sha256,
        'retrievedAt', to_char(retrieved_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by feed), '[]')
      from feed_state where retrieved_at is not null)
    where version = ${version}`.execute(tx);
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

async function insertChecks(tx: Kysely<Database>, checks: readonly HashedCheck[], version: number): Promise<void> {
  for (const part of inParts(checks)) {
    const rows = part.map(({ check: { affected: _statements, ...body }, hash }) => ({ hash, body }));
    await sql`
      insert into knowledge_check (valid_from, number, name, severity, published, patchable, hash, body)
      select ${version}::integer, number, name, severity, published, patchable, decode(hash, 'hex'), body
      from json_to_recordset(${JSON.stringify(rows)}::json) as entry (hash text, body jsonb),
        jsonb_to_record(body) as checked (number integer, name text, severity smallint, published date, patchable boolean)`.execute(
      tx,
    );
  }
}

/** One JSON text instead of an array per column: both sides read and write it several times faster. */
async function insertStatements(tx: Kysely<Database>, checks: readonly HashedCheck[], version: number): Promise<void> {
  const statements = checks.flatMap(({ check }) =>
    check.affected.map((statement) => ({ ...statement, check_number: check.number })),
  );
  for (const part of inParts(statements)) {
    await sql`
      insert into statement
        (valid_from, check_number, ecosystem, release, package, status, introduced, fixed, advisory, feed, published,
          last_affected, "limit", versions, module, vendor_state, patches, requires)
      select ${version}::integer, * from json_to_recordset(${JSON.stringify(part)}::json) as entry (
        check_number integer, ecosystem text, release text, package text, status text, introduced text, fixed text,
        advisory text, feed text, published date,
        "lastAffected" text, "limit" text, versions text[], module text, "vendorState" text, patches text[], requires jsonb)`.execute(
      tx,
    );
  }
}
