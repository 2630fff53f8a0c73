import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { type AssetScope, currentScope } from './asset-scope.ts';

/** For the few who may not see everything; what is asked for everybody has its own connections and never meets these. */
const maxScopedConnections = 4;

/**
 * Relations of assets, each hidden behind a temporary view of the same name that holds only the rows of the scope's assets: PostgreSQL looks
 * up temporary names first, so that no statement, of whatever feature, can see past them. Found in the catalogue: a new table with an
 * `asset_id` needs no line here. A column named in otherAssets names a second asset of the row; both must be in the scope.
 */
const makeViews = `
do $$
declare
  relation record;
  visible constant text := '(select unnest(current_setting(''vedette.assets'')::uuid[]))';
begin
  for relation in
    select pg_class.oid, relname, nspname, relkind, attname,
      (select string_agg(format(' and (%I is null or %I in %s)', other.attname, other.attname, visible), '')
        from pg_attribute as other
        where other.attrelid = pg_class.oid and other.attname = any($others$OTHERS$others$::text[]) and not other.attisdropped) as others
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    join pg_attribute on attrelid = pg_class.oid and not attisdropped
      and attname = case when relname = 'asset' then 'id' else 'asset_id' end
    where nspname = current_schema() and relkind in ('r', 'p', 'v')
  loop
    execute format('create temporary view %I as select * from %I.%I where %I in %s%s%s', relation.relname, relation.nspname,
      relation.relname, relation.attname, visible, coalesce(relation.others, ''),
      case when relation.relkind = 'v' then '' else ' with cascaded check option' end);
  end loop;
end
$$`;

/** Columns beside `asset_id` that name an asset. A test knows every uuid column of the schema. */
export const otherAssets = ['became'] as const;

/** Gives connections on which everything can be seen, or only the assets of the scope that a request is answered in. */
export class ScopedPool {
  readonly #whole: Pool;
  readonly #scoped: Pool;
  /** What a connection shows at present. */
  readonly #shown = new WeakMap<PoolClient, string>();

  constructor(config: PoolConfig, onError: (error: Error) => void) {
    this.#whole = quietPool(config, onError);
    this.#scoped = quietPool({ ...config, max: maxScopedConnections }, onError);
  }

  /** Where everything can be seen, for what kysely does not do. */
  get whole(): Pool {
    return this.#whole;
  }

  get options(): object {
    return this.#whole.options;
  }

  async connect(): Promise<PoolClient> {
    const scope = currentScope();
    if (!scope) return this.#whole.connect();
    const client = await this.#scoped.connect();
    try {
      await this.#show(client, scope);
    } catch (error) {
      client.release(true);
      throw error;
    }
    return client;
  }

  async end(): Promise<void> {
    await Promise.all([this.#whole.end(), this.#scoped.end()]);
  }

  async #show(client: PoolClient, { key, assetIds }: AssetScope): Promise<void> {
    const shown = this.#shown.get(client);
    if (shown === key) return;
    this.#shown.delete(client);
    await client.query(`select set_config('vedette.assets', $1, false)`, [`{${[...assetIds].join(',')}}`]);
    if (shown === undefined) await client.query(makeViews.replace('OTHERS', `{${otherAssets.join(',')}}`));
    this.#shown.set(client, key);
  }
}

function quietPool(config: PoolConfig, onError: (error: Error) => void): Pool {
  const pool = new Pool(config);
  pool.on('error', onError);
  // One that breaks between two statements of a transaction tells nobody else, and would end the process.
  pool.on('connect', (client) => client.on('error', onError));
  return pool;
}
