import {
  type Kysely,
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  sql,
  type UnknownRow,
} from 'kysely';
import type { SchemaMigration } from '../db/migrations/schema-migration.ts';
import type { Database } from '../db/schema.ts';

/** What was in a schema. */
interface Seen {
  /** Where PostgreSQL keeps each table's rows: another place after a rewrite. */
  readonly files: ReadonlyMap<string, number>;
  /** What programs read, and name in `on conflict`. */
  readonly offered: ReadonlySet<string>;
  /** What programs have to keep to when they write, by table, with the columns that it is about. */
  readonly demanded: ReadonlyMap<string, { readonly table: string; readonly columns: readonly string[] }>;
}

/**
 * Applies a migration as a start does, and tells by PostgreSQL's catalogues which rules of docs/adr/0025-online-migrations.md it breaks. Tables of
 * its own it may do anything with.
 */
export async function applyObserved(db: Kysely<Database>, name: string, migration: SchemaMigration): Promise<string[]> {
  const before = await look(db);
  const broken = migration.isResumed
    ? await db.connection().execute(async (connection) => {
        const heard = new Statements();
        await migration.up(connection.withPlugin(heard));
        return heard.hindering;
      })
    : await db.transaction().execute(async (tx) => {
        const counted = await countWork(tx);
        await migration.up(tx);
        return brokenWithin(await countWork(tx), { before, counted });
      });
  const after = await look(db);
  for (const [table, file] of before.files) if ((after.files.get(table) ?? file) !== file) broken.push(`rewrites ${table}`);
  // Its name tells older programs that they cannot use the database any more.
  if (/-needs-\d{3}$/.test(name)) return broken;
  for (const thing of before.offered) if (!after.offered.has(thing)) broken.push(`takes away ${thing}`);
  for (const [demand, { table, columns }] of after.demanded) {
    const isKnown = columns.every((column) =>
      [...before.offered].some((thing) => thing.startsWith(`column ${table}.${column} `)),
    );
    const isOfOldRows = demand.startsWith('a value') ? before.files.has(table) : isKnown;
    if (!before.demanded.has(demand) && isOfOldRows) broken.push(`demands ${demand}`);
  }
  return broken;
}

/** What a migration says outside of a transaction, where nothing can be counted: concurrentIndex says no more than this. */
class Statements implements KyselyPlugin {
  readonly hindering: string[] = [];

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    const text = node.kind === 'RawNode' ? node.sqlFragments.join('…').trim() : node.kind;
    if (
      !/^(select|(create|drop) index concurrently|create index if not exists … on only|alter index … attach partition)\b/.test(
        text,
      )
    )
      this.hindering.push(`says outside of a transaction: ${text}`);
    return node;
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}

/** What a transaction has done with a table. */
interface Work {
  readonly table: string;
  /** Whether nobody else can write to it, or even read it, until the end. */
  readonly isLocked: boolean;
  /** Scans, also of no rows, and rows; since PostgreSQL last wrote them down. */
  readonly read: number;
  readonly written: number;
}

async function countWork(tx: Kysely<Database>): Promise<Work[]> {
  const { rows } = await sql<Work>`
    select relname as table,
      exists (
        select from pg_locks where pid = pg_backend_pid() and relation = pg_class.oid
          and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) as is_locked,
      pg_stat_get_xact_numscans(oid) + pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid) as read,
      pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) as written
    from pg_class where ${ofSchema} and relkind in ('r', 'p') order by relname`.execute(tx);
  return rows;
}

function brokenWithin(done: readonly Work[], { before, counted }: { before: Seen; counted: readonly Work[] }): string[] {
  const there = done.filter(({ table }) => before.files.has(table));
  const locked = there.filter(({ isLocked }) => isLocked).map(({ table }) => table);
  return there.flatMap(({ table, read, written }) => {
    const first = counted.find((work) => work.table === table);
    return [
      ...(read > (first?.read ?? 0) && locked.length > 0
        ? [`reads ${table} while nobody can write to ${locked.join(', ')}`]
        : []),
      ...(written > (first?.written ?? 0) ? [`changes rows of ${table}`] : []),
    ];
  });
}

const ofSchema = sql`relnamespace = current_schema()::regnamespace`;

async function look(db: Kysely<Database>): Promise<Seen> {
  const { rows: files } = await sql<{ table: string; file: number }>`
    select relname as table, relfilenode::bigint as file from pg_class where ${ofSchema} and relkind in ('r', 'p', 'v')`.execute(
    db,
  );
  const { rows: offered } = await sql<{ thing: string }>`
    select 'table ' || relname as thing from pg_class where ${ofSchema} and relkind in ('r', 'p', 'v') and not relispartition
    union all
    select format('column %s.%s %s', relname, attname, format_type(atttypid, atttypmod))
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where ${ofSchema} and relkind in ('r', 'p', 'v') and not relispartition and attnum > 0 and not attisdropped
    union all
    select regexp_replace(pg_get_indexdef(indexrelid), 'CREATE UNIQUE INDEX \\S+ ON (ONLY )?', 'what is unique in ')
    from pg_index join pg_class on pg_class.oid = indrelid where ${ofSchema} and not relispartition and indisunique`.execute(db);
  const { rows: demanded } = await sql<{ demand: string; table: string; columns: string[] }>`
    select format('a value of %s.%s', relname, attname) as demand, relname as table, array[attname::text] as columns
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where ${ofSchema} and relkind in ('r', 'p') and not relispartition and attnum > 0 and not attisdropped
      and attnotnull and not atthasdef and attidentity = ''
    union all
    select format('%s of %s', replace(pg_get_constraintdef(pg_constraint.oid), ' NOT VALID', ''), relname), relname,
      array(select attname::text from pg_attribute where attrelid = conrelid and attnum = any(conkey))
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where ${ofSchema} and not relispartition and contype in ('c', 'f', 'x')
    union all
    select regexp_replace(pg_get_indexdef(indexrelid), 'CREATE UNIQUE INDEX \\S+ ON (ONLY )?', 'what is unique in '), relname,
      array(select attname::text from pg_attribute where attrelid = indrelid and attnum = any(indkey))
    from pg_index join pg_class on pg_class.oid = indrelid
    where ${ofSchema} and not relispartition and indisunique`.execute(db);
  return {
    files: new Map(files.map(({ table, file }) => [table, file])),
    offered: new Set(offered.map(({ thing }) => thing)),
    demanded: new Map(demanded.map(({ demand, table, columns }) => [demand, { table, columns }])),
  };
}
