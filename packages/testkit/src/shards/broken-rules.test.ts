import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { throwAwayDatabase, type ThrowAwayDatabase } from '../throw-away-database.ts';
import { brokenRules } from './broken-rules.ts';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import { hideTables } from './find-broken.ts';
import { parserOptions, parseStatement } from './parse-statement.ts';

let database: ThrowAwayDatabase;
let client: pg.Client;
let catalogue: Catalogue;
beforeAll(async () => {
  database = await throwAwayDatabase();
  client = new pg.Client({ ...database.connection, options: parserOptions });
  await client.connect();
  catalogue = await readCatalogue(client);
}, 60_000);
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

async function broken(text: string): Promise<string[]> {
  const tree = await parseStatement(client, text);
  if (tree === null) throw new Error(`not understood: ${text}`);
  return brokenRules(tree, catalogue);
}

/** Within a scope that hides agents and, by words that a worker does not know, assets. */
async function brokenWithin(text: string): Promise<string[]> {
  const scoped = new pg.Client({ ...database.connection, options: parserOptions });
  await scoped.connect();
  try {
    const hiding = await hideTables(
      scoped,
      `create temporary table at_coordinator as select;
      create temporary view agent as select * from public.agent where asset_id in (
        select unnest(current_setting('vedette.assets')::uuid[]) from at_coordinator);
      create temporary view asset as select * from public.asset where id in (select unnest(current_setting('vedette.assets')::uuid[]))`,
    );
    const tree = await parseStatement(scoped, text);
    if (tree === null) throw new Error(`not understood: ${text}`);
    return brokenRules(tree, catalogue, hiding);
  } finally {
    await scoped.end();
  }
}

const wanted = 'unnest($1::uuid[]) as wanted (asset_id)';

describe('a statement for a database in shards', () => {
  it.each([
    ['that locks rows of several shards', 'select id from asset for update', 'rows of several shards are locked'],
    [
      'that joins assets with others',
      'select 1 from agent join asset_identity as one on agent.asset_id = one.became',
      'tables are joined by something else than the asset',
    ],
    [
      'that looks for each of a list',
      `select 1 from ${wanted}, lateral (select 1 from agent where agent.asset_id = wanted.asset_id limit 1) as one`,
      'a subquery over shards is asked for each row of something else',
    ],
    [
      'that looks for another column of each',
      'select (select os from asset where asset.number = agent.id::text::integer) from agent',
      'a subquery over shards is asked for each row of something else',
    ],
    [
      'that asks for its snapshot',
      'select pg_current_snapshot(), (select max(at) from inventory_change)',
      'pg_current_snapshot is asked on a worker',
    ],
    [
      'whose default is worked out where its rows are read',
      `insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
       select organization_id, asset_id, 'x', 1, $1::timestamptz, '{}', '{}' from agent`,
      'pg_current_xact_id is asked on a worker',
    ],
    [
      'that sets what is never twice the same',
      'update agent set consumption = to_jsonb(random())',
      'a volatile function in a change',
    ],
    [
      'that casts a column by settings',
      'update inventory set added = version::integer[] from agent where inventory.asset_id = agent.asset_id',
      'a stable function of a column in a change',
    ],
    [
      'that chooses the present',
      'update agent set last_check_in = coalesce(last_check_in, now())',
      'a mutable function in a case of a change',
    ],
    [
      'that sets the present on conflict',
      `insert into asset_release (organization_id, asset_id) values ($1, $2) on conflict (organization_id, asset_id) do update set pin = now()::text`,
      'a mutable function on conflict',
    ],
    [
      'that sets the asset on conflict',
      'insert into asset_release (organization_id, asset_id) values ($1, $2) on conflict (organization_id, asset_id) do update set asset_id = excluded.asset_id',
      'a row would move to another shard',
    ],
    ['that moves rows', 'update asset_identity set asset_id = became', 'a row would move to another shard'],
    ['that returns the present', 'delete from agent returning now()', 'a mutable function is returned'],
    ['that lets an agent check in silently', 'update agent set last_check_in = $1', 'agent is changed without written_by'],
    ['that changes an asset silently', "update asset set os = 'x'", 'asset is changed without written_by'],
    ['that ends a verdict silently', 'update verdict set until_at = $1', 'verdict is changed without written_by'],
    [
      'that adds a row of each',
      'select wanted.asset_id from unnest($1::uuid[]) as wanted (asset_id) left join agent on agent.asset_id = wanted.asset_id',
      'all of a table in shards is fetched for an outer join',
    ],
    [
      'that works something out for each row',
      'select 1 from agent, lateral json_array_elements(agent.consumption::json) as one, lateral generate_series(last_check_in, enrolled_at, cast($1 as interval))',
      'a mutable function is joined with each row of shards',
    ],
    [
      'that groups in several ways',
      'select count(*) from asset group by rollup (os, release)',
      'grouping sets over several shards',
    ],
    [
      'that counts on',
      'with recursive so as (select 1 as n union all select n + 1 from so join asset on number = n) select from so',
      'a recursive query over several shards',
    ],
    [
      'that joins users',
      'select 1 from asset join app_user on login = hostname',
      'app_user of the coordinator is joined with shards',
    ],
    [
      'that does so with a partition',
      'select 1 from inventory_change_rest join app_user on login = collector',
      'app_user of the coordinator is joined with shards',
    ],
  ])('%s breaks a rule', async (_what, text, rule) => {
    expect(await broken(text)).toContain(rule);
  });

  it.each([
    ['about one asset', 'select agent.id from agent join app_user on true where asset_id = $1 for update of agent'],
    [
      'about one asset, joined by it',
      'select 1 from agent join asset on asset.id = agent.asset_id where asset.id = $1 for update',
    ],
    ['joined by the asset', 'select 1 from agent join asset on asset.id = asset_id join inventory using (asset_id)'],
    ['joined by the asset through a list', `select 1 from ${wanted} join agent using (asset_id) join inventory using (asset_id)`],
    [
      'with a subquery for each asset',
      `select 1 from inventory join lateral (
         select change from inventory_change as old where old.asset_id = inventory.asset_id order by change desc limit 1) as last on true`,
    ],
    [
      'with a subquery for each asset of another',
      `with one as (select asset_id, count(*) from agent group by asset_id)
       select (select os from asset where asset.id = one.asset_id) from one`,
    ],
    [
      'that takes its snapshot by itself',
      'with here as materialized (select pg_current_snapshot() as now) select now, (select max(at) from inventory_change) from here',
    ],
    ['that names its transaction', 'update verdict set until_at = $1, written_by = pg_current_xact_id()'],
    [
      'of a list',
      `insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
       select asset_id, asset_id, 'x', 1, $2::timestamptz, '{}', '{}' from ${wanted} on conflict do nothing`,
    ],
    ['at the coordinator alone', 'select from unjudged for update skip locked'],
  ])('%s breaks none', async (_what, text) => {
    expect(await broken(text)).toEqual([]);
  });

  it('is not run', async () => {
    await broken("insert into organization (id, name, created_at) values ('00000000-0000-4000-8000-000000000001', 'x', now())");
    expect((await sql`select from organization`.execute(database.db)).rows).toEqual([]);
  });
});

describe('a statement within an asset scope', () => {
  it.each<[string, string, string[]]>([
    ['changes one asset', 'update public.agent set consumption = null where asset_id = $1', []],
    ['changes many', 'update public.agent set consumption = null', ['agent is asked past the scope']],
    ['takes away', 'delete from public.agent where asset_id = $1', []],
    ['adds rows that are written out', 'insert into public.agent_order (asset_id) values ($1), ($2)', []],
    [
      'adds rows of others',
      'insert into public.agent_order (asset_id) select id from public.asset',
      ['agent_order is asked past the scope', 'asset is asked past the scope'],
    ],
    ['changes through a view', 'update agent set consumption = null where asset_id = $1', ['assets are changed through a view']],
    ['takes away through a view', 'delete from agent', ['assets are changed through a view']],
    ['adds through a view', 'insert into agent (asset_id) values ($1)', ['assets are changed through a view']],
    ['reads', 'select from agent', []],
    ['reads of one asset', 'select from agent where asset_id = $1', []],
    ['reads past the views', 'select from public.agent where asset_id = $1', ['agent is asked past the scope']],
    ['does so inside', 'select (select count(*) from public.agent) from agent', ['agent is asked past the scope']],
    ['does so by another view', 'select from presence', ['a view is asked past the scope']],
    ['has a worker asked for the scope', 'select from asset where id = $1', ['current_setting is asked on a worker']],
    ['has the coordinator asked for it', 'select from asset', []],
  ])('that %s', async (_what, text, rules) => {
    expect(await brokenWithin(text)).toEqual(rules);
  });
});
