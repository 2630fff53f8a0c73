import type { DownloadErrorCode, FeedErrorCode } from '@vedette/feeds';

/** NOT_FOUND - cannot be read here; DAMAGED - cannot be unpacked; PARSER - the reading thread ended; the others as in feeds. */
export type FeedFetchErrorCode = 'NOT_FOUND' | 'DAMAGED' | 'PARSER' | DownloadErrorCode | FeedErrorCode;

/** Why a feed brought nothing; the message says what is wrong, and what to do. */
export class FeedFetchError extends Error {
  override readonly name = 'FeedFetchError';
  readonly code: FeedFetchErrorCode;

  constructor(code: FeedFetchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A feed with too few records to be believed; a person may accept it. */
export class ShrunkFeedError extends FeedFetchError {
  readonly records: number;

  constructor(message: string, records: number) {
    super('SHRUNK', message);
    this.records = records;
  }
}
