/** SQLSTATE of an error of PostgreSQL, or the system's name of a failed connection; empty for any other error. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The value itself cannot be stored: out of range, not a character, too long for an index. Trying again would not help. */
export function isDataError(error: unknown): boolean {
  return /^(22|54)[0-9A-Z]{3}$/.test(codeOf(error));
}

/**
 * Somebody else was in the way (lock not available in time, deadlock, serialization, too many connections, cancelled), or the database
 * went away and comes back: PostgreSQL's manual, appendix A, classes 08 and 57.
 */
export function isBusyError(error: unknown): boolean {
  const code = codeOf(error);
  if (['55P03', '40P01', '40001', '53300', '57014', '57P01', '57P02', '57P03'].includes(code) || code.startsWith('08'))
    return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(code)) return true;
  // pg gives these no code of their own.
  return (
    error instanceof Error && /^Connection terminated|^timeout exceeded when trying to connect|not queryable/.test(error.message)
  );
}

/**
 * A change of the schema met somebody else: a lock was not to be had in time, two waited for each other, or a temporary view of another connection
 * shows what should go.
 */
export function isObstructed(error: unknown): boolean {
  return ['55P03', '40P01', '2BP01'].includes(codeOf(error));
}

/** The statement took longer than it may (57014). */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === '57014';
}

/** There is such a row already (23505). */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}
