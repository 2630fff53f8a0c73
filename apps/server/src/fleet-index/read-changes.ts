import { type Kysely, type RawBuilder, sql } from 'kysely';
import { newestAgent } from '../agents/newest-agent.ts';
import type { Database } from '../db/schema.ts';
import type { IndexedAsset } from './asset-table.ts';
import { type Cursor, isMade, isNew, isSettled, untilAt } from './cursor.ts';
import { assetColumns, changeColumns, type ChangeRow } from './read-histories.ts';
import { settledSnapshot } from './settled-snapshot.ts';
import type { IndexedCheck, IndexedVerdict } from './verdict-book.ts';

/** A row of an organization. */
export type Of<Row> = Row & { readonly organizationId: string };

/** What there is that the cursor does not know of. */
export interface News {
  readonly assets: boolean;
  readonly agents: boolean;
  readonly changes: boolean;
  readonly verdicts: boolean;
  readonly checks: boolean;
}

/** A cursor at what the caller sees, and what is new by then; a cursor to begin with in a transaction that is a repeatable read. */
export async function lookAhead(db: Kysely<Database>, cursor: Cursor): Promise<{ readonly cursor: Cursor; readonly news: News }> {
  const { snapshot, isAhead } = await settledSnapshot(db);
  const { rows } = await sql<Pick<Cursor, 'knowledge'> & News>`
    select (select coalesce(max(version), 0) from knowledge_version)::integer as knowledge,
      ${isAnyNew(cursor, 'asset')} as assets, ${isAnyNew(cursor, 'agent')} as agents,
      ${isAnyNew(cursor, 'inventory_change')} as changes, ${isAnyNew(cursor, 'verdict')} as verdicts,
      exists (select from knowledge_version where version > ${cursor.knowledge}) as checks`.execute(db);
  const [ahead] = rows;
  if (!ahead) throw new Error('the database did not say what is new');
  const { knowledge, ...news } = ahead;
  // Checks do not say who wrote them: those of a version that is perhaps not everywhere are read once more.
  return { cursor: { snapshot, knowledge: isAhead ? cursor.knowledge : knowledge }, news };
}

/**
 * Looks at the newest rows first: PostgreSQL, which does not know yet what was written since it last counted, would otherwise rather read
 * the whole table.
 */
function isAnyNew(cursor: Cursor, table: 'agent' | 'asset' | 'inventory_change' | 'verdict') {
  // Not "exists", which forgets the order.
  return sql`coalesce((select true from ${sql.table(table)} where ${isNew(cursor, `${table}.written_by`)} order by written_by desc limit 1), false)`;
}

/** The cursor of the transaction that asks, which must be a repeatable read. */
export async function readCursor(tx: Kysely<Database>): Promise<Cursor> {
  return (await lookAhead(tx, beforeAll)).cursor;
}

/** Sees nothing. */
const beforeAll: Cursor = { snapshot: '1:1:', knowledge: 0 };

/** Also those whose turn has not come: to enter an asset early, and once more, does no harm, and changes of its packages need it. */
export async function changedAssets(tx: Kysely<Database>, cursor: Cursor): Promise<Of<IndexedAsset>[]> {
  return readAssetsWhere(tx, isNew(cursor, 'asset.written_by'));
}

/** Assets with a new or changed agent. */
export async function assetsOfChangedAgents(tx: Kysely<Database>, cursor: Cursor): Promise<Of<IndexedAsset>[]> {
  const isOfChanged = sql`exists (
    select from agent
    where agent.organization_id = asset.organization_id and agent.asset_id = asset.id and ${isNew(cursor, 'agent.written_by')})`;
  return readAssetsWhere(tx, isOfChanged);
}

async function readAssetsWhere(tx: Kysely<Database>, condition: RawBuilder<unknown>): Promise<Of<IndexedAsset>[]> {
  const { rows } = await sql<Of<IndexedAsset>>`
    select organization_id, ${assetColumns} from asset ${newestAgent} where ${condition} order by number`.execute(tx);
  return rows;
}

/** Those between two cursors, in the order in which each asset's were made. */
export async function newChanges(tx: Kysely<Database>, since: Cursor, until: Cursor): Promise<Of<ChangeRow>[]> {
  const { rows } = await sql<Of<ChangeRow>>`
    select asset.organization_id, number, ${changeColumns}
    from inventory_change as change
    join asset on asset.organization_id = change.organization_id and asset.id = change.asset_id
    where ${isNew(since, 'change.written_by')} and ${isSettled(until, 'change.written_by')}
    order by number, at, change`.execute(tx);
  return rows;
}

/** The newest forms of checks that a knowledge version since the cursor's brought; with no cursor, of all. */
export async function changedChecks(tx: Kysely<Database>, since: number): Promise<IndexedCheck[]> {
  const { rows } = await sql<IndexedCheck>`
    select distinct on (number) number, name, severity, body ->> 'kevSince' is not null as exploited,
      (body #>> '{epss,score}')::float8 as epss,
      (select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss) as cvss
    from knowledge_check where valid_from > ${since}
    order by number, valid_from desc`.execute(tx);
  return rows;
}

interface VerdictRow extends Omit<IndexedVerdict, 'until' | 'upgrade'> {
  readonly until: number | null;
  readonly ecosystem: string;
  readonly release: string;
  readonly source: string;
  readonly fixed: string | null;
}

/** So many at a time: a large knowledge base has a million. */
const verdictPage = 50_000;

/** Verdicts that are new or ended since a cursor, or all where there is none, up to another. In parts. */
export function changedVerdicts(tx: Kysely<Database>, since: Cursor | null, until: Cursor): AsyncGenerator<IndexedVerdict[]> {
  return readVerdicts(tx, since ? isNew(since, 'verdict.written_by') : sql`true`, until);
}

/** Verdicts on package versions from some numbers on, so many each, as they were at a cursor. In parts. */
export function verdictsFrom(
  tx: Kysely<Database>,
  { firsts, count }: { readonly firsts: readonly number[]; readonly count: number },
  until: Cursor,
): AsyncGenerator<IndexedVerdict[]> {
  const isOne = sql`exists (
    select from unnest(${[...firsts]}::integer[]) as first where package_version_id between first and first + ${count} - 1)`;
  return readVerdicts(tx, isOne, until);
}

async function* readVerdicts(
  tx: Kysely<Database>,
  condition: RawBuilder<unknown>,
  cursor: Cursor,
): AsyncGenerator<IndexedVerdict[]> {
  let after = { packageVersion: 0, check: 0, validFrom: 0 };
  for (;;) {
    const { rows } = await sql<VerdictRow>`
      select package_version_id as package_version, verdict.check_number as "check", verdict.valid_from,
        (extract(epoch from from_at) * 1000)::float8 as "from", (extract(epoch from ${untilAt(cursor)}) * 1000)::float8 as until,
        confidence = 'confirmed' as confirmed, confidence = 'potential' as potential, ecosystem, release, package as source, verdict.fixed
      from verdict
      join statement on statement.id = verdict.statement_id
      where (package_version_id, verdict.check_number, verdict.valid_from) > (${after.packageVersion}, ${after.check}, ${after.validFrom})
        and ${condition} and ${isMade(cursor)}
      order by package_version_id, verdict.check_number, verdict.valid_from
      limit ${verdictPage}`.execute(tx);
    yield rows.map(toVerdict);
    const last = rows.at(-1);
    if (!last || rows.length < verdictPage) return;
    after = last;
  }
}

function toVerdict({ ecosystem, release, source, fixed, until, ...verdict }: VerdictRow): IndexedVerdict {
  const upgrade = fixed === null ? null : { ecosystem, release, source, fixed };
  return { ...verdict, until: until ?? Number.POSITIVE_INFINITY, upgrade };
}
