import { distribution } from '@vedette/server';
import type { Client } from 'pg';

/** What the rules ask of PostgreSQL's catalogue. Numbers are texts, as they stand in a tree. */
export interface Catalogue {
  /** Numbers of the columns by which tables lie in shards, by table. */
  readonly shardedBy: ReadonlyMap<string, string>;
  readonly tableNames: ReadonlyMap<string, string>;
  readonly functionNames: ReadonlyMap<string, string>;
  /** Of functions: `i` for immutable, `s` for stable, `v` for volatile. */
  readonly volatility: ReadonlyMap<string, string>;
  /** Functions that read a type from text and write it as text. */
  readonly typeFunctions: ReadonlyMap<string, { readonly input: string; readonly output: string }>;
}

interface Named {
  readonly oid: string;
  readonly name: string;
}

export async function readCatalogue(client: Client): Promise<Catalogue> {
  const ask = async <Row extends object>(query: string): Promise<Row[]> => (await client.query<Row>(query)).rows;
  const tables = await ask<Named>(`
    select oid::text, coalesce(pg_partition_root(oid), oid)::regclass::text as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')`);
  const columns = await ask<{ oid: string; attname: string; attnum: string }>(
    `select attrelid::text as oid, attname, attnum::text from pg_attribute where attname in ('id', 'asset_id')`,
  );
  const functions = await ask<Named & { provolatile: string }>('select oid::text, proname as name, provolatile from pg_proc');
  const types = await ask<{ oid: string; input: string; output: string }>(
    'select oid::text, typinput::oid::text as input, typoutput::oid::text as output from pg_type',
  );
  const numbers = new Map(columns.map(({ oid, attname, attnum }) => [`${oid} ${attname}`, attnum]));
  return {
    shardedBy: new Map(
      tables.flatMap(({ oid, name }) => {
        const place = distribution[name];
        const number = typeof place === 'object' ? numbers.get(`${oid} ${place.byAsset}`) : undefined;
        return number === undefined ? [] : [[oid, number]];
      }),
    ),
    tableNames: new Map(tables.map(({ oid, name }) => [oid, name])),
    functionNames: new Map(functions.map(({ oid, name }) => [oid, name])),
    volatility: new Map(functions.map(({ oid, provolatile }) => [oid, provolatile])),
    typeFunctions: new Map(types.map(({ oid, ...rest }) => [oid, rest])),
  };
}
