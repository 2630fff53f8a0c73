import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, ConfigError } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { EmbeddedPostgresError } from '../db/embedded/embedded-postgres-error.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../db/embedded/start-embedded-postgres.ts';
import { backUp } from './back-up.ts';
import { restore } from './restore.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/**
 * `backup FILE` and `restore FILE [--json]`: on the database of the configuration, also beside a running platform (backup only; what is
 * restored into must be new). Throws ConfigError, BackupError, EmbeddedPostgresError.
 */
export async function runBackupCommand(
  args: readonly string[],
  config: Config,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [command, name, ...others] = positionals;
  if ((command !== 'backup' && command !== 'restore') || name === undefined || others.length > 0) {
    throw new ConfigError(['the arguments must be: backup FILE, or: restore FILE; without any, the platform starts']);
  }
  const file = resolve(name);
  const progress = (text: string): void => terminal.error(`${command}: ${text}\n`);
  await using stack = new AsyncDisposableStack();
  const postgres = await openPostgres(config, { terminal, signal });
  if (postgres) stack.use(postgres);
  const { db, pool, close } = openDatabase(postgres?.connection ?? config.secrets.databaseUrl ?? '');
  stack.defer(close);
  if (command === 'backup') {
    const report = await backUp({ pool, releases: config.releasesDirectory }, file, progress);
    const text = `${report.file}: ${report.rows} rows of ${report.tables} tables, ${report.files} files of releases, ${(report.bytes / 1e6).toFixed(1)} MB`;
    terminal.out(`${values.json ? JSON.stringify(report) : text}\n`);
  } else {
    const report = await restore({ db, pool, releases: config.releasesDirectory }, file, progress);
    const text = `restored ${report.rows} rows of ${report.tables} tables and ${report.files} files of releases, as of ${report.madeAt}`;
    terminal.out(`${values.json ? JSON.stringify(report) : text}\n`);
  }
}

/** The embedded database; where a platform runs on it already, a guest beside that. Null with an external one. */
async function openPostgres(
  config: Config,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<EmbeddedPostgres | null> {
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
