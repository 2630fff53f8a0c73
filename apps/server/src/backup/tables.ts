import type { ClientBase } from 'pg';
import type { TableHead } from './frames.ts';

/** PostgreSQL's own bookkeeping of who wrote a row means nothing in another cluster; a restored row gets its writer anew. */
const leftOut = ['xid8'];

/**
 * Every table of ours, those first that others refer to; a partitioned one as a whole, with its partitions. Names as PostgreSQL has
 * them. The migrator's own tables are none of ours.
 */
export async function readTables(client: ClientBase): Promise<TableHead[]> {
  const { rows } = await client.query<{
    name: string;
    columns: string[];
    refersTo: string[];
    partitions: TableHead['partitions'];
  }>(
    `select c.relname as name,
      (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          and not a.atttypid = any ($1::regtype[])) as columns,
      array(select distinct f.confrelid::regclass::text from pg_constraint f
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as "refersTo",
      coalesce((select json_agg(json_build_object('name', p.relname, 'bound', pg_get_expr(p.relpartbound, p.oid)) order by p.relname)
        from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid), '[]') as partitions
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not like 'kysely%'
    order by c.relname`,
    [leftOut],
  );
  const waiting = new Map(rows.map((row) => [row.name, row]));
  const ordered: TableHead[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ refersTo }) => refersTo.every((name) => !waiting.has(name)));
    if (ready.length === 0) throw new Error(`the tables ${[...waiting.keys()].join(', ')} refer to each other in a circle`);
    for (const { name, columns, partitions } of ready) {
      waiting.delete(name);
      ordered.push({ name, columns, partitions });
    }
  }
  return ordered;
}

/** Names of the migrations that were applied, in order. */
export async function readMigrations(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by timestamp, name');
  return rows.map((row) => row.name);
}

/** A name of our own tables, quoted for SQL all the same: `limit` is a column of ours. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
