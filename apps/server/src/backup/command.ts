import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, ConfigError } from '../config.ts';
import { type CommandContext, openForCommand } from '../db/open-for-command.ts';
import { backUp } from './back-up.ts';
import { restore } from './restore.ts';

/**
 * `backup FILE` and `restore FILE [--json]`: on the database of the configuration, also beside a running platform (backup only; what is
 * restored into must be new). Throws ConfigError, BackupError, SealingError, EmbeddedPostgresError.
 */
export async function runBackupCommand(args: readonly string[], config: Config, context: CommandContext): Promise<void> {
  const { terminal } = context;
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
  await using database = await openForCommand(config, context);
  const input = { ...database, releases: config.releasesDirectory, keys: config };
  if (command === 'backup') {
    const report = await backUp(input, file, progress);
    const text = `${report.file}: ${report.rows} rows of ${report.tables} tables, ${report.files} files of releases, ${(report.bytes / 1e6).toFixed(1)} MB`;
    terminal.out(`${values.json ? JSON.stringify(report) : text}\n`);
    if (report.neededKey !== null) terminal.error(`backup: ${neededText(report.neededKey)} Keep that key, elsewhere.\n`);
  } else {
    const report = await restore(input, file, progress);
    const text = `restored ${report.rows} rows of ${report.tables} tables and ${report.files} files of releases, as of ${report.madeAt}`;
    terminal.out(`${values.json ? JSON.stringify(report) : text}\n`);
    if (report.neededKey !== null)
      terminal.error(`restore: ${neededText(report.neededKey)} It is not here: the platform will not start before it is.\n`);
  }
}

function neededText(keyId: string): string {
  return `The secrets of channels and second factors in it open with the key ${keyId} alone, which it does not hold.`;
}
