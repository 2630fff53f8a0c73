export type FeedFetchErrorCode = 'NOT_FOUND' | 'TOO_LARGE' | 'HTTP' | 'NETWORK' | 'DAMAGED';

/** Why a feed's file could not be had; the message says which, and what to do. */
export class FeedFetchError extends Error {
  override readonly name = 'FeedFetchError';
  readonly code: FeedFetchErrorCode;

  constructor(code: FeedFetchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
