/** Exit codes, the same for every command: the README lists them. */
export const exitCodes = { FAILURE: 1, USAGE: 2, NOT_FOUND: 3, AUTH: 4, SIGNATURES: 5, CONFIG: 78 } as const;
export type CliErrorCode = keyof typeof exitCodes;

/** Ends a command; the message says what happened, to what, and what to do about it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
