import type { ApiErrorCode, Problem } from '@vedette/protocol';

/** Every code of the public API with its HTTP status and title. */
const table: Record<ApiErrorCode, readonly [status: number, title: string]> = {
  BAD_REQUEST: [400, 'The request is malformed'],
  BODY_TOO_LARGE: [413, 'The request body is too large'],
  UNAUTHENTICATED: [401, 'Log in first'],
  LOGIN_FAILED: [401, 'Login or password is wrong'],
  LOGIN_INCOMPLETE: [403, 'The login is not complete'],
  FORBIDDEN: [403, 'This is not allowed'],
  NOT_FOUND: [404, 'There is no such thing'],
  CONFLICT: [409, 'This contradicts the present state'],
  TOO_MANY_REQUESTS: [429, 'Too many requests'],
  INTERNAL: [500, 'Something went wrong here'],
  UNAVAILABLE: [503, 'Not available at the moment'],
};

/** An answer other than success. `detail` is shown to the caller: what happened, to what, what to do; never internals. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ApiErrorCode, detail: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(detail, options);
    this.code = code;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }

  get statusCode(): number {
    return table[this.code][0];
  }

  /** RFC 9457 problem details. */
  toProblem(): Problem {
    const [status, title] = table[this.code];
    const retry = this.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: this.retryAfterSeconds };
    return { type: `urn:vedette:problem:${this.code}`, title, status, code: this.code, detail: this.message, ...retry };
  }
}
