/** Why a feed file was refused; the knowledge of before stays in use. */
export type FeedErrorCode =
  /** The file, a line or a list in it is larger than the feed ever is. */
  | 'TOO_LARGE'
  /** Not text: bytes that are no UTF-8, or NUL among them. */
  | 'NOT_TEXT'
  /** The file ends in the middle of something. */
  | 'TRUNCATED'
  /** Not the format it should be. */
  | 'SCHEMA'
  /** More than the tolerated share of lines is not understood. */
  | 'TOO_MANY_PROBLEMS'
  /** Well-formed, but with fewer records than the feed has ever had. */
  | 'TOO_FEW_RECORDS'
  /** Much smaller than the last import of the same feed. */
  | 'SHRUNK'
  /** No file of the feed was handed in. */
  | 'NO_FILE';

/** A feed that cannot be used. The message says what, where and what to do; it quotes nothing of the file. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;
  constructor(code: FeedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
