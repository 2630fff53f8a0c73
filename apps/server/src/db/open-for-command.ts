import { join } from 'node:path';
import type { Config } from '../config.ts';
import { openDatabase, type OpenDatabase } from './database.ts';
import { EmbeddedPostgresError } from './embedded/embedded-postgres-error.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start-embedded-postgres.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

export interface CommandContext {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** The database of the configuration for a command, also beside a running platform. Throws EmbeddedPostgresError. */
export async function openForCommand(config: Config, context: CommandContext): Promise<OpenDatabase & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const postgres = await openPostgres(config, context);
  if (postgres) stack.use(postgres);
  const opened = openDatabase(postgres?.connection ?? config.secrets.databaseUrl ?? '');
  stack.defer(opened.close);
  const kept = stack.move();
  return { ...opened, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The embedded database; where a platform runs on it already, a guest beside that. Null with an external one. */
async function openPostgres(config: Config, { terminal, signal }: CommandContext): Promise<EmbeddedPostgres | null> {
  if (config.secrets.databaseUrl !== undefined) return null;
  const options = {
    dataDirectory: join(config.dataDirectory, 'postgres'),
    log: (message: string): void => terminal.error(`${message}\n`),
    signal,
  };
  try {
    return await startEmbeddedPostgres(options);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError && error.code === 'IN_USE') {
      return startEmbeddedPostgres({ ...options, exclusive: false });
    }
    throw error;
  }
}
