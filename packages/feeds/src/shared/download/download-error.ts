/**
 * NETWORK - no answer, or it broke off; STALLED - it comes too slowly; HTTP - an answer that is not the file; REDIRECT - it leads to
 * another place; TOO_LARGE - more than the file may have; CUT - less or more than was announced.
 */
export type DownloadErrorCode = 'NETWORK' | 'STALLED' | 'HTTP' | 'REDIRECT' | 'TOO_LARGE' | 'CUT';

/** Why a file could not be had; the message says what to do. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly code: DownloadErrorCode;
  /** Milliseconds to wait before the next try; null where another try would bring the same. */
  readonly retryAfterMs: number | null;

  constructor(code: DownloadErrorCode, message: string, options: ErrorOptions & { readonly retryAfterMs?: number | null } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
