import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { type AssetScope, currentScope } from './asset-scope.ts';

/** For the few who may not see everything; what is asked for everybody has its own connections and never meets these. */
const maxScopedConnections = 4;

/**
 * Relations of assets, each hidden behind a temporary view of the same name that holds only the rows of the scope's assets: PostgreSQL looks
 * up temporary names first, so that no statement, of whatever feature, can see past them. Found in the catalogue: a new table with an
 * `asset_id` needs no line here. A column named in otherAssets names a second asset of the row; both must be in the scope.
 *
 * The list of assets is a setting of this connection, which a database in shards would not know on a worker: the table of one row, which
 * lies here alone, has it worked out here.
 */
const makeViews = `
do $$
declare
  relation record;
  visible constant text := '(select unnest(current_setting(''vedette.assets'')::uuid[]) from at_coordinator)';
  others constant jsonb := 'OTHERS';
begin
  create temporary table at_coordinator as select;
  analyze at_coordinator;
  for relation in
    select relname, nspname, relkind, attname,
      case when others ? relname then format(' and (%1$I is null or %1$I in %2$s)', others ->> relname, visible) else '' end as other
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    join pg_attribute on attrelid = pg_class.oid and not attisdropped
      and attname = case when relname = 'asset' then 'id' else 'asset_id' end
    where nspname = current_schema() and relkind in ('r', 'p', 'v')
  loop
    execute format('create temporary view %I as select * from %I.%I where %I in %s%s%s', relation.relname, relation.nspname,
      relation.relname, relation.attname, visible, relation.other,
      case when relation.relkind = 'v' then '' else ' with cascaded check option' end);
  end loop;
end
$$`;

/** Tables of which a row names a second asset, by the column that does. A test knows every uuid column of the schema. */
export const otherAssets: Readonly<Record<string, string>> = { asset_identity: 'became' };

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
    if (shown === undefined) await client.query(makeViews.replace('OTHERS', JSON.stringify(otherAssets)));
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
