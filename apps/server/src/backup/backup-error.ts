/**
 * What can go wrong with a backup file:
 * DAMAGED - it is no backup, was cut short, or its bytes were changed;
 * NEWER - a newer release made it;
 * NOT_EMPTY - the database to restore into holds something already;
 * FILE - the file cannot be read or written.
 */
export type BackupErrorCode = 'DAMAGED' | 'NEWER' | 'NOT_EMPTY' | 'FILE';

export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
