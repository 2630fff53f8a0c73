import { BackupError } from './backup/backup-error.ts';
import { ConfigError } from './config.ts';
import { EmbeddedPostgresError } from './db/embedded/embedded-postgres-error.ts';
import { MigrationError } from './db/migrate.ts';
import { SealingError } from './sealing/sealing-error.ts';

/** What to tell a person whose server did not start, and the exit code for it (sysexits(3)). */
export function explainStartError(error: unknown): { message: string; exitCode: number } {
  if (error instanceof ConfigError) return { message: error.message, exitCode: 78 };
  if (error instanceof EmbeddedPostgresError) {
    const exitCode = error.code === 'NO_PERMISSION' ? 77 : error.code === 'NO_SPACE' ? 74 : 69;
    return { message: `${error.message}\n${error.remedy}`, exitCode };
  }
  if (error instanceof MigrationError) return { message: describe(error), exitCode: 69 };
  if (error instanceof SealingError) return { message: error.message, exitCode: 78 };
  // sysexits(3): EX_DATAERR for a file that is wrong, EX_USAGE for where it should go, EX_IOERR.
  if (error instanceof BackupError) {
    return { message: describe(error), exitCode: error.code === 'NOT_EMPTY' ? 64 : error.code === 'FILE' ? 74 : 65 };
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return { message: `${describe(error)}\nAnother program listens there; stop it or set VEDETTE_LISTEN.`, exitCode: 69 };
  }
  if (code === 'EACCES' || code === 'EPERM') return { message: describe(error), exitCode: 77 };
  if (code === 'ENOSPC') return { message: describe(error), exitCode: 74 };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 70 };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
