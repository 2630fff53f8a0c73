/**
 * KEY_MISSING - something was sealed with a key that is not here; KEY_INVALID - what is given as key is none; ALTERED - a sealed value was
 * changed, or belongs to another row.
 */
export type SealingErrorCode = 'KEY_MISSING' | 'KEY_INVALID' | 'ALTERED';

/** The text says what to do, and holds no secret. */
export class SealingError extends Error {
  override readonly name = 'SealingError';
  readonly code: SealingErrorCode;

  constructor(code: SealingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
