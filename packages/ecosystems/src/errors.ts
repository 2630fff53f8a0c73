/** Why a text is not a version, or a package database cannot be read. */
export type EcosystemErrorCode =
  | 'VERSION_EMPTY'
  | 'VERSION_TOO_LONG'
  | 'VERSION_CHARACTER'
  | 'VERSION_SYNTAX'
  | 'VERSION_EPOCH'
  | 'VERSION_UPSTREAM_EMPTY'
  | 'VERSION_REVISION_EMPTY'
  | 'DATABASE_TOO_LARGE'
  | 'DATABASE_UNKNOWN'
  | 'DATABASE_DAMAGED';

/** The room's one error class: a code for programs, a message for people. */
export class EcosystemError extends Error {
  override readonly name: string = 'EcosystemError';
  readonly code: EcosystemErrorCode;
  constructor(code: EcosystemErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A text that is no version of its ecosystem. */
export class VersionError extends EcosystemError {
  override readonly name = 'VersionError';
}
