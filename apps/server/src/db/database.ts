import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import { type Pool, type PoolConfig, types } from 'pg';
import type { Database } from './schema.ts';
import { ScopedChanges } from './scoped-changes.ts';
import { ScopedPool } from './scoped-pool.ts';

/** Connections per server process; PostgreSQL's default ceiling is 100 for all. */
const maxConnections = 16;
/** A statement of ours that runs longer is a defect; the import of knowledge sets its own limit in its transaction. */
const statementTimeoutMs = 60_000;

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** For COPY and LISTEN, which kysely does not know; shows everything, whoever asks. */
  readonly pool: Pool;
  readonly close: () => Promise<void>;
}

/**
 * Opens a pool to the PostgreSQL at a connection description or a DATABASE_URL. Rows come as schema.ts says: int8 as a number
 * (refused beyond 2^53), date as text, timestamptz as Date, bytea as Buffer. Within an asset scope `db` holds nothing but that scope's
 * assets. `onError` hears of connections that broke; the pool
 * replaces them by itself.
 */
export function openDatabase(connection: PoolConfig | string, onError: (error: Error) => void = () => undefined): OpenDatabase {
  const config = typeof connection === 'string' ? { connectionString: connection } : connection;
  const pools = new ScopedPool(
    {
      max: maxConnections,
      statement_timeout: statementTimeoutMs,
      application_name: 'vedette',
      ...config,
      types: { getTypeParser: parserOf },
    },
    onError,
  );
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: pools }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true }), new ScopedChanges()],
  });
  return { db, pool: pools.whole, close: () => db.destroy() };
}

const parserOf = ((oid: number, format: 'text' | 'binary') => {
  if (oid === types.builtins.INT8 && format !== 'binary') return safeInteger;
  // A day has no time zone: as a Date it would be another day elsewhere.
  if (oid === types.builtins.DATE && format !== 'binary') return (text: string) => text;
  // Inventories are made of these; the parser for arrays of anything takes ten times as long.
  if (oid === integerArray && format !== 'binary') return parseIntegers;
  return types.getTypeParser(oid, format as 'text');
}) as typeof types.getTypeParser;

/** `int4[]` in pg_type. */
const integerArray = 1007;

function parseIntegers(text: string): unknown {
  // NULLs, several dimensions and other bounds are for the parser that knows everything.
  if (!/^\{[\d,-]*\}$/.test(text)) return (types.getTypeParser(integerArray as never, 'text') as (text: string) => unknown)(text);
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}

/** Throws RangeError rather than lose digits. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number`);
  return value;
}
