import type { Endpoint, Problem } from '@vedette/protocol';

type Part<Name extends string, Schema extends Endpoint['params']> = undefined extends Schema['_zod']['input']
  ? { readonly [K in Name]?: never }
  : { readonly [K in Name]: Schema['_zod']['input'] };

/** What an operation takes: exactly the parts its endpoint describes. */
export type InputOf<E extends Endpoint> = Part<'params', E['params']> & Part<'query', E['query']> & Part<'body', E['body']>;
export type ReplyOf<E extends Endpoint> = E['reply']['_zod']['output'];

/** An operation that failed: the platform's problem document (RFC 9457), or the lack of any answer (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  constructor(problem: Pick<Problem, 'status' | 'code' | 'title' | 'detail'>, options?: ErrorOptions) {
    super(problem.detail, options);
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
  }
}

type Scalar = string | number | boolean | null | undefined;

/** The parts of any input, as seen when building the request; InputOf has checked them for the caller. */
interface AnyInput {
  readonly params?: Readonly<Record<string, Scalar>>;
  readonly query?: Readonly<Record<string, Scalar>>;
  readonly body?: unknown;
}

/** Path and query of a request below /api/v1; undefined and empty query values are left out. */
export function addressOf(path: string, input: AnyInput): string {
  const filled = path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(input.params?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `/api/v1${filled}${text ? `?${text}` : ''}`;
}

/**
 * Calls one operation of the public API with the session cookie. The reply is taken as the endpoint describes it: the platform
 * validates what it sends, and unknown fields of a newer one do no harm. Throws ApiError.
 */
export async function call<E extends Endpoint>(endpoint: E, input: InputOf<E>, signal?: AbortSignal): Promise<ReplyOf<E>> {
  const parts = input as AnyInput; // InputOf<E> cannot be looked into while E is open
  const response = await send(addressOf(endpoint.path, parts), {
    method: endpoint.method,
    signal: signal ?? null,
    headers: { accept: 'application/json', ...(parts.body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
  });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as ReplyOf<E>; // see above: the platform has validated it
}

async function send(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...request, credentials: 'same-origin', cache: 'no-store' });
  } catch (cause) {
    if (request.signal?.aborted) throw cause;
    throw new ApiError(
      {
        status: 0,
        code: 'UNREACHABLE',
        title: 'The platform does not answer',
        detail: 'Check that it is running (npm start) and that this machine can reach it; then try again.',
      },
      { cause },
    );
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const fallback = {
    status: response.status,
    code: 'INTERNAL',
    title: `The platform answered ${response.status}`,
    detail: 'Try again; if it stays, look into the log of the platform.',
  };
  try {
    const problem = (await response.json()) as Partial<Problem>; // any field may be missing when a proxy answered
    return new ApiError({
      status: response.status,
      code: String(problem.code ?? fallback.code),
      title: String(problem.title ?? fallback.title),
      detail: String(problem.detail ?? fallback.detail),
    });
  } catch {
    return new ApiError(fallback); // not JSON: a proxy's page
  }
}
