/** What an origin did wrong. `silent`: no answer began in time; `busy`: the platform asks to come back later. */
export const originFailures = [
  'dns',
  'tcp',
  'proxy',
  'tls',
  'status',
  'redirect',
  'silent',
  'stall',
  'length',
  'range',
  'hash',
  'metadata',
  'busy',
] as const;
export type OriginFailure = (typeof originFailures)[number];

/** One origin gave no bytes, or not the right ones. */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly code: OriginFailure;
  /** As the platform asked; 0 when it did not. */
  readonly retryAfterSeconds: number;
  /** With which the platform lets this agent in at that time; null when it gave none. */
  readonly ticket: string | null;

  constructor(
    code: OriginFailure,
    message: string,
    options: ErrorOptions & { retryAfterSeconds?: number; ticket?: string | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.ticket = options.ticket ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
  }
}

/** What Node's network code has thrown, as a failure of the origin. */
export function asOriginError(error: unknown): OriginError {
  if (error instanceof OriginError) return error;
  const { name = '', code = '', message = String(error) } = (error ?? {}) as { name?: string; code?: string; message?: string };
  const text = code === '' || message.includes(code) ? message || code : `${message} (${code})`;
  return new OriginError(name === 'ProxyError' ? 'proxy' : failureOf(code), text, { cause: error });
}

function failureOf(code: string): OriginFailure {
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'ENODATA'].includes(code)) return 'dns';
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_|SELF_SIGNED|EPROTO|HOSTNAME_|ERR_OSSL)/.test(code) ? 'tls' : 'tcp';
}
