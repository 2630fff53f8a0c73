export const releaseErrorCodes = [
  /** Signed by too few keys of its role, or not in the form TUF prescribes. */
  'METADATA_INVALID',
  /** Older than what is trusted already, or versions that do not belong together. */
  'METADATA_ROLLBACK',
  /** No longer valid by this machine's clock. */
  'METADATA_EXPIRED',
  /** Metadata could not be fetched. */
  'METADATA_UNREACHABLE',
  /** No signed metadata names this target. */
  'TARGET_UNKNOWN',
  /** Length or hash differ from the signed ones. */
  'TARGET_MISMATCH',
  /** A target's bytes are right but do not unpack to the file that was signed. */
  'TARGET_CORRUPT',
  /** A key is missing, of the wrong role, or its passphrase is wrong. */
  'KEY',
  /** Fewer signatures than the role's threshold. */
  'THRESHOLD',
  /** The repository on disk is not as it should be, or the request does not fit it. */
  'REPOSITORY',
] as const;
export type ReleaseErrorCode = (typeof releaseErrorCodes)[number];

/** What keeps a release from being made, trusted or used. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
  readonly code: ReleaseErrorCode;
  constructor(code: ReleaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
