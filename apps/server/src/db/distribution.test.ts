import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distribution, placements } from './distribution.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase({ forShards: true });
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

async function ask<Row>(query: string): Promise<Row[]> {
  return (await sql.raw<Row>(query).execute(database.db)).rows;
}

/** The column by which a table, or what it is a partition of, lies in shards; null for all others. */
function columnOf(table: string): string | null {
  const place = distribution[table];
  return typeof place === 'object' ? place.byAsset : null;
}

const ofSchema = `relnamespace = current_schema()::regnamespace`;
/** A table, or the one that it is a partition of. */
const root = `coalesce(pg_partition_root(pg_class.oid), pg_class.oid)::regclass::text`;

function columnNames(table: string, numbers: string): string {
  return `array(
    select attname::text from unnest(${numbers}) with ordinality as key (number, place)
    join pg_attribute on attrelid = ${table} and attnum = number order by place)`;
}

/** A foreign key. */
interface Key {
  readonly table: string;
  readonly other: string;
  readonly columns: readonly string[];
  readonly others: readonly string[];
  readonly cascades: boolean;
}

/** Whether a key points at rows that lie beside its own. */
function isPossible({ table, other, columns, others, cascades }: Key): boolean {
  const [from, to] = [columnOf(table), columnOf(other)];
  if (to !== null) return from !== null && columns.includes(from) && columns.indexOf(from) === others.indexOf(to);
  if (from !== null) return distribution[other] === 'everywhere';
  return distribution[table] === 'coordinator' || distribution[other] === 'everywhere' || !cascades;
}

describe('what Citus asks of a schema', () => {
  it('every table has its place', async () => {
    const tables = await ask<{ name: string }>(
      `select relname as name from pg_class where ${ofSchema} and relkind in ('r', 'p') and not relispartition order by 1`,
    );
    expect(Object.keys(distribution).toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
  });

  it('assets are named in one type, and never by nothing', async () => {
    const columns = await ask<{ relname: string; attname: string; type: string; required: boolean }>(`
      select relname, attname, format_type(atttypid, atttypmod) as type, attnotnull as required
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where ${ofSchema} and relkind in ('r', 'p') and not relispartition and attnum > 0 and not attisdropped`);
    const sharding = columns.filter(({ relname, attname }) => columnOf(relname) === attname);
    expect(sharding.length).toBe(Object.keys(distribution).filter((table) => columnOf(table) !== null).length);
    for (const column of sharding) expect(column).toMatchObject({ type: 'uuid', required: true });
  });

  it('what is unique in a table of assets holds the asset', async () => {
    const indexes = await ask<{ name: string; table: string; columns: string[] }>(`
      select indexrelid::regclass::text as name, ${root} as table, array(
        select attname::text from pg_attribute where attrelid = indrelid and attnum = any(indkey)) as columns
      from pg_index join pg_class on pg_class.oid = indrelid
      where ${ofSchema} and (indisunique or indisexclusion)`);
    const ofAssets = indexes.filter(({ table }) => columnOf(table) !== null);
    expect(ofAssets.length).toBeGreaterThan(10);
    const without = ofAssets.filter(({ table, columns }) => !columns.includes(columnOf(table) ?? ''));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  it('no key points from where its table lies to where the other one does not', async () => {
    const keys = await ask<Key & { name: string }>(`
      select conname as name, ${root} as table, coalesce(pg_partition_root(confrelid), confrelid)::regclass::text as other,
        ${columnNames('conrelid', 'conkey')} as columns, ${columnNames('confrelid', 'confkey')} as others,
        confdeltype <> 'a' as cascades
      from pg_constraint join pg_class on pg_class.oid = conrelid
      where ${ofSchema} and contype = 'f'`);
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter((key) => !isPossible(key)).map(({ name }) => name)).toEqual([]);
  });

  it('there are triggers and rules only at the coordinator, and nothing that inherits', async () => {
    const marked = await ask<{ table: string }>(`
      select tgrelid::regclass::text as table from pg_trigger join pg_class on pg_class.oid = tgrelid
      where ${ofSchema} and not tgisinternal
      union all
      select ev_class::regclass::text from pg_rewrite join pg_class on pg_class.oid = ev_class where ${ofSchema} and relkind <> 'v'
      union all
      select inhrelid::regclass::text from pg_inherits join pg_class on pg_class.oid = inhrelid where ${ofSchema} and not relispartition and relkind = 'r'`);
    expect(marked.length).toBeGreaterThan(0);
    expect(marked.filter(({ table }) => distribution[table] !== 'coordinator')).toEqual([]);
  });

  it('the statements that put tables in their places are understood, and name each once', async () => {
    // What Citus has under these names.
    await sql`create function create_reference_table(regclass) returns void language sql as 'select'`.execute(database.db);
    await sql`
      create function create_distributed_table(table_name regclass, distribution_column text, colocate_with text default 'default')
      returns void language sql as 'select'`.execute(database.db);
    for (const statement of placements()) await sql.raw(statement).execute(database.db);
    const elsewhere = Object.entries(distribution).filter(([, place]) => place !== 'coordinator');
    expect(placements()).toHaveLength(elsewhere.length);
    expect(placements()[0]).toBe("select create_distributed_table('asset', 'id')");
  });
});
