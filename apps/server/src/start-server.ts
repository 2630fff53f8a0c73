import { destination, type Logger, pino } from 'pino';
import { type Config, plays } from './config.ts';
import type { Context } from './context.ts';
import { openDatabase } from './db/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './db/embedded/start-embedded-postgres.ts';
import { migrate } from './db/migrate.ts';
import { migrations } from './db/migrations/index.ts';
import { HistoryKeeper } from './db/history-keeper.ts';
import { exceptedNow } from './exceptions/excepted-now.ts';
import { FleetIndex } from './fleet-index/fleet-index.ts';
import { buildApp } from './http/build-app.ts';
import { KnowledgeKeeper } from './knowledge/knowledge-keeper.ts';
import { FactPacker } from './inventory/fact-packer.ts';
import { loadPlatformKey } from './platform-key.ts';
import { openSealer } from './sealing/seal-secrets.ts';
import { Sealer } from './sealing/sealer.ts';
import { type Bootstrap, bootstrap } from './users/bootstrap.ts';
import { join } from 'node:path';

export interface RunningServer extends AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly context: Context;
  /** The first administrator, when this start made one. */
  readonly bootstrap: Bootstrap | null;
}

/**
 * Starts everything: database, schema, platform key, first administrator, HTTP. What was started is stopped again when a later
 * step fails. Throws what explainStartError understands.
 */
export async function startServer(config: Config, signal?: AbortSignal): Promise<RunningServer> {
  const log = pino({ level: config.logLevel, base: null }, destination({ fd: 2, sync: true }));
  const startedAt = new Date();
  await using stack = new AsyncDisposableStack();
  const postgres = await startDatabase(config, log, signal);
  if (postgres) stack.use(postgres);
  const { db, pool, close } = openDatabase(postgres?.connection ?? config.secrets.databaseUrl ?? '', (error) => {
    log.warn({ err: error }, 'a database connection broke');
  });
  stack.defer(close);
  const migrated = await migrate(db, migrations, { log, ...(signal ? { signal } : {}) });
  if (migrated.length > 0) log.info({ migrated }, 'the database was brought up to date');
  // Whoever only serves agents opens no secret, and need not have the key.
  const sealer = config.role === 'ingest' ? new Sealer(() => []) : await openSealer(db, config);
  const clock = (): Date => new Date();
  const fleetIndex = stack.use(new FleetIndex({ db, log, clock, excepted: exceptedNow({ db, clock, silence: config.silence }) }));
  const platformKey = await loadPlatformKey(db);
  const context: Context = { config, db, pool, clock, log, fleetIndex, platformKey, sealer, startedAt };
  const first = await bootstrap(db, {
    now: clock(),
    password: config.secrets.bootstrapPassword,
    renew: config.newPassword,
  });
  const keeper = stack.use(new KnowledgeKeeper(context));
  if (plays(config, 'jobs')) {
    await keeper.start();
    stack.use(new HistoryKeeper({ db, log, clock, keepDays: config.historyDays })).start();
    stack.use(new FactPacker(context)).start();
  }
  if (plays(config, 'api')) fleetIndex.start();
  const app = await buildApp(context, keeper);
  stack.defer(() => app.close());
  signal?.throwIfAborted();
  const url = (await app.listen(config.listen)).replace(/\/+$/, '');
  log.info({ url }, 'the platform listens');
  const started = stack.move();
  return { url, context, bootstrap: first, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function startDatabase(config: Config, log: Logger, signal?: AbortSignal): Promise<EmbeddedPostgres | null> {
  if (config.secrets.databaseUrl !== undefined) return null;
  return startEmbeddedPostgres({
    dataDirectory: join(config.dataDirectory, 'postgres'),
    log: (message) => log.info(message),
    ...(signal ? { signal } : {}),
  });
}
