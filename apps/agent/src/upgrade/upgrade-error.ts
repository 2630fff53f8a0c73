import type { UpgradeReport } from '@vedette/protocol';

export type UpgradeReason = NonNullable<UpgradeReport['reason']>;

/** Why an upgrade did not come to be. */
export class UpgradeError extends Error {
  override readonly name = 'UpgradeError';
  readonly code: UpgradeReason;
  /** When to try again at the earliest, in seconds; 0 leaves it to the usual pauses. */
  readonly retryAfterSeconds: number;

  constructor(code: UpgradeReason, message: string, options: ErrorOptions & { retryAfterSeconds?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
  }
}
