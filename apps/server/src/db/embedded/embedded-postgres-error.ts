/**
 * What can go wrong with the embedded database, each with another remedy:
 * NO_BINARIES - no package with PostgreSQL for this platform;
 * NO_SPACE - the file system is full;
 * NO_PERMISSION - a directory cannot be used by the account PostgreSQL must run as;
 * IN_USE - another running server holds this data directory;
 * WRONG_VERSION - the data were written by another major version;
 * START_FAILED - anything else PostgreSQL itself reported.
 */
export type EmbeddedPostgresErrorCode =
  | 'NO_BINARIES'
  | 'NO_SPACE'
  | 'NO_PERMISSION'
  | 'IN_USE'
  | 'WRONG_VERSION'
  | 'START_FAILED';

/** The embedded database cannot serve. `message` says what happened, `remedy` what a person can do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresErrorCode;
  readonly remedy: string;

  constructor(code: EmbeddedPostgresErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** Turns what initdb or the postmaster wrote before it gave up into an error with a remedy. */
export function errorFromOutput(what: string, output: string): EmbeddedPostgresError {
  const last = output.trim().split('\n').slice(-8).join('\n');
  if (output.includes('No space left on device')) {
    return new EmbeddedPostgresError(
      'NO_SPACE',
      `${what}: no space left on device`,
      'Free at least 1 GB or choose another VEDETTE_DATA_DIR.',
    );
  }
  if (output.includes('could not look up effective user ID')) {
    return new EmbeddedPostgresError(
      'NO_PERMISSION',
      `${what}: this process runs under a user id that has no entry in /etc/passwd`,
      'Run under a named user, or set DATABASE_URL to an external PostgreSQL.',
    );
  }
  if (output.includes('incompatible with server') || output.includes('not compatible with this version')) {
    return new EmbeddedPostgresError(
      'WRONG_VERSION',
      `${what}: the data directory was written by another version of PostgreSQL\n${last}`,
      'Start the release of Vedette that wrote it, or choose an empty VEDETTE_DATA_DIR.',
    );
  }
  if (output.includes('Permission denied')) {
    return new EmbeddedPostgresError(
      'NO_PERMISSION',
      `${what}: permission denied\n${last}`,
      'Give the user PostgreSQL runs as access to the data directory, or choose another VEDETTE_DATA_DIR.',
    );
  }
  return new EmbeddedPostgresError('START_FAILED', `${what} failed\n${last}`, 'See start.log and log/ in the data directory.');
}

/** The same for an error of a file operation in the data directory; other errors come back unchanged. */
export function errorFromFileSystem(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const remedy = 'Free at least 1 GB or choose another VEDETTE_DATA_DIR.';
    return new EmbeddedPostgresError('NO_SPACE', `No space left for ${path}`, remedy, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const remedy = 'Choose a VEDETTE_DATA_DIR that this user may write to.';
    return new EmbeddedPostgresError('NO_PERMISSION', `No permission to write ${path}`, remedy, { cause: error });
  }
  return error;
}
