/** Why a file gives no packages at all. */
export type ExtractorErrorCode =
  /** More bytes, packages or nesting than any real file of this format has. */
  | 'TOO_LARGE'
  /** Not the format it was taken for. */
  | 'NOT_THIS_FORMAT'
  /** The format, but broken: a cut file, an offset that leads nowhere. */
  | 'DAMAGED';

/** A file that cannot be read. The message quotes nothing of it. */
export class ExtractorError extends Error {
  override readonly name = 'ExtractorError';
  readonly code: ExtractorErrorCode;
  constructor(code: ExtractorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
