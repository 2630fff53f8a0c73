import type { Problem } from '@vedette/protocol';

/** An operation that failed: the platform's problem document (RFC 9457), or the lack of any answer (status 0, code UNREACHABLE). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  /** When another try is worth it, where the platform says so. */
  readonly retryAfterSeconds: number | undefined;
  constructor(problem: Pick<Problem, 'status' | 'code' | 'title' | 'detail' | 'retryAfterSeconds'>, options?: ErrorOptions) {
    super(problem.detail, options);
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.retryAfterSeconds = problem.retryAfterSeconds;
  }
}

/**
 * What a reply says that is no success. Where a proxy answered there is no problem document, and only the status is known, and perhaps the
 * header Retry-After in seconds (RFC 9110, 10.2.3; a date there is passed over).
 */
export function problemOf(status: number, text: string, retryAfter: string | null = null): ApiError {
  const found = readProblem(text);
  const retryAfterSeconds = found.retryAfterSeconds ?? (/^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : null);
  return new ApiError({
    status,
    code: String(found.code ?? 'INTERNAL'),
    title: String(found.title ?? `The platform answered ${status}`),
    detail: String(found.detail ?? `The platform, or a proxy before it, answered ${status}: look into its log if it stays.`),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  });
}

function readProblem(text: string): Partial<Problem> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Problem>; // any field may be missing
  } catch {
    return {};
  }
}
