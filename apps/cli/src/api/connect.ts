import { Problem, type Endpoint } from '@vedette/protocol';
import type { z } from 'zod';
import { CliError, type CliErrorCode } from '../errors.ts';

/** What an endpoint takes; parts it does not have are left out. */
type Input<E extends Endpoint> = Part<'params', E['params']> & Part<'query', E['query']> & Part<'body', E['body']>;
type Part<Name extends string, Type extends z.ZodType> =
  undefined extends z.input<Type> ? { [key in Name]?: undefined } : Record<Name, z.input<Type>>;

export interface Client {
  /** Calls one operation and returns its checked reply. Throws CliError: AUTH for 401 and 403, NOT_FOUND for 404, else FAILURE. */
  call<E extends Endpoint>(endpoint: E, input: Input<E>): Promise<z.output<E['reply']>>;
}

/** More than any reply of a list has at the largest page. */
const maxReplyBytes = 64 * 1024 ** 2;
/** A refresh of the knowledge base answers when it is done, which takes minutes. */
const timeoutMs = 15 * 60_000;

/** A client of the platform at `url`, with an API token or, right after the first start, a session cookie. */
export function connect(url: string, credentials: { token?: string; cookie?: string }): Client {
  const base = new URL('/api/v1', url).href;
  return {
    async call(endpoint, input) {
      const response = await send(`${base}${address(endpoint.path, input)}`, {
        method: endpoint.method,
        headers: headers(credentials, input.body !== undefined, new URL(url).origin),
        ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      const text = await readLimited(response);
      if (!response.ok) throw problemError(response.status, text, url);
      return endpoint.reply.parse(parseJson(text, url)) as never; // TypeScript cannot follow E through the interface
    },
  };
}

function headers(credentials: { token?: string; cookie?: string }, hasBody: boolean, origin: string): Record<string, string> {
  return {
    accept: 'application/json',
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    ...(credentials.token ? { authorization: `Bearer ${credentials.token}` } : {}),
    // The platform takes a cookie only from its own pages, which say where they come from.
    ...(credentials.cookie ? { cookie: credentials.cookie, origin } : {}),
  };
}

/** What the schemas of paths and queries consist of. */
type Scalar = string | number | boolean | undefined;

function address(path: string, input: { params?: unknown; query?: unknown }): string {
  const params = new Map(Object.entries((input.params ?? {}) as Record<string, Scalar>)); // params are always objects
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params.get(name))));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((input.query ?? {}) as Record<string, Scalar>)) {
    // and so are queries
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `${filled}?${query.toString()}` : filled;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError('FAILURE', `${new URL(url).origin} does not answer (${cause}); is the platform running?`, {
      cause: error,
    });
  }
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxReplyBytes) throw new CliError('FAILURE', `the reply is larger than ${maxReplyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text); // the caller checks it against the endpoint's schema
  } catch (error) {
    throw new CliError('FAILURE', `${url} answers with something that is not JSON; is it a Vedette platform?`, { cause: error });
  }
}

function problemError(status: number, text: string, url: string): CliError {
  const code = statusCodes.get(status) ?? 'FAILURE';
  const problem = Problem.safeParse(tryJson(text));
  const detail = problem.success ? problem.data.detail : `${url} answers with status ${status}`;
  return new CliError(code, printable(status === 401 ? `${detail} (log in with "vedette login")` : detail));
}

const statusCodes = new Map<number, CliErrorCode>([
  [401, 'AUTH'],
  [403, 'AUTH'],
  [404, 'NOT_FOUND'],
]);

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text); // checked by the caller
  } catch {
    return null;
  }
}

/** Text from outside without control characters, which could rewrite the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
