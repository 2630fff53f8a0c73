/** SQLSTATE of an error of PostgreSQL; empty for any other error. See PostgreSQL's manual, appendix A. */
function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : '';
}

/** The value itself cannot be stored: out of range, not a character, too long for an index. Trying again would not help. */
export function isDataError(error: unknown): boolean {
  return /^(22|54)/.test(sqlState(error));
}

/** Somebody else was in the way: lock not available in time, deadlock, serialization, too many connections, cancelled. */
export function isBusyError(error: unknown): boolean {
  return ['55P03', '40P01', '40001', '53300', '57014'].includes(sqlState(error));
}
