/**
 * REFUSED - an address that may not be reached; CHANNEL - what is set cannot be used; FAILED - the other side did not take it;
 * GONE - the other side wants no more.
 */
export type DeliveryErrorCode = 'REFUSED' | 'CHANNEL' | 'FAILED' | 'GONE';

/** A message did not leave. The text is for whoever set the channel up, and holds no secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: DeliveryErrorCode;

  constructor(code: DeliveryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
