import type { Endpoint } from '@vedette/protocol';
import { addressOf, type AnyInput, type InputOf, type ReplyOf } from './address.ts';
import { ApiError, problemOf } from './api-error.ts';
import { askPatiently, type Patience } from './patience.ts';

/** An API token or, right after the first start, a session cookie. */
export interface Credentials {
  readonly token?: string;
  readonly cookie?: string;
}

/** The public API of one platform. Everything it throws is an ApiError, or what a pause of its patience threw. */
export interface Client {
  /** Calls one operation and returns its checked reply. */
  call<E extends Endpoint>(endpoint: E, input: InputOf<E>): Promise<ReplyOf<E>>;
  /** Calls an operation by its address below /api/v1, for what has no name here: `path` starts with "/" and may hold a query. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The bytes at an address below /api/v1, as they come: for files, which may be large. */
  download(path: string): AsyncIterable<Uint8Array>;
}

/** More than any reply of a list has at the largest page. */
const maxReplyBytes = 64 * 1024 ** 2;
/** A refresh of the knowledge base answers when it is done, which takes minutes. */
const timeoutMs = 15 * 60_000;

interface Wish {
  readonly method: string;
  /** With the query, as the platform serves it. */
  readonly path: string;
  readonly body?: unknown;
  readonly accept?: string;
  /** Whether it can be asked twice without anything being done twice. */
  readonly isReading: boolean;
}

/** Whoever has none is told at once that the platform is busy. */
const noPatience: Patience = { maxSeconds: 0, pause: () => Promise.resolve() };

/** A client of the platform at `url`. Sends nothing yet. */
export function connect(url: string, credentials: Credentials, patience: Patience = noPatience): Client {
  const { origin } = new URL(url);
  const ask = ({ isReading, ...wish }: Wish): Promise<Response> => askPatiently(() => askOnce(wish), { isReading, patience });
  async function askOnce({ method, path, body, accept = 'application/json' }: Omit<Wish, 'isReading'>): Promise<Response> {
    const response = await send(new URL(path, url), {
      method,
      headers: { ...headers(credentials, body !== undefined, origin), accept },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    if (!response.ok) throw problemOf(response.status, await readLimited(response), response.headers.get('retry-after'));
    return response;
  }
  async function request(wish: Wish): Promise<unknown> {
    return parseJson(await readLimited(await ask(wish)), url);
  }
  return {
    request: (method, path, body) => request({ method, path: `/api/v1${path}`, body, isReading: method === 'GET' }),
    async *download(path) {
      const file = { method: 'GET', path: `/api/v1${path}`, accept: '*/*', isReading: true };
      yield* bytesOf(await ask(file));
    },
    async call(endpoint, input) {
      const parts = input as AnyInput; // InputOf<E> cannot be looked into while E is open
      const { method, permission } = endpoint;
      // Previews are sent with POST, and read.
      const isReading = method === 'GET' || permission.endsWith(':read');
      const answer = await request({ method, path: addressOf(endpoint.path, parts), body: parts.body, isReading });
      const reply = endpoint.reply.safeParse(answer);
      if (reply.success) return reply.data as never; // likewise
      const [first] = reply.error.issues;
      const what = `${first?.path.join('.')}: ${first?.message}`;
      throw strange(
        200,
        `${origin} answers as this program does not know it (${what}); is it a Vedette platform of its version?`,
      );
    },
  };
}

function headers({ token, cookie }: Credentials, hasBody: boolean, origin: string): Record<string, string> {
  return {
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    // The platform takes a cookie only from its own pages, which say where they come from.
    ...(cookie ? { cookie, origin } : {}),
  };
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw unreachable(`${url.origin} ${whyNot(cause)}`, cause);
  }
}

/** The end of a sentence: what was in the way, and what to do about it. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : null;
  const code = cause !== null && 'code' in cause ? String(cause.code) : '';
  const why = cause?.message ?? String(error);
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return `has a certificate that is not believed (${code}: ${why}); NODE_EXTRA_CA_CERTS=FILE names an authority to believe, too`;
  if (code.startsWith('ERR_SSL_')) return `does not speak TLS as this program does (${code}); is it an http:// address?`;
  return `does not answer (${why}); is the platform running?`;
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bytesOf(response)) {
    bytes += chunk.byteLength;
    if (bytes > maxReplyBytes) throw strange(response.status, `the reply is larger than ${maxReplyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* bytesOf({ body, url }: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (cause) {
    throw unreachable(`the answer of ${new URL(url).origin} broke off`, cause);
  }
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text); // callers check it against the endpoint's schema
  } catch (cause) {
    throw strange(200, `${url} answers with something that is not JSON; is it a Vedette platform?`, cause);
  }
}

function unreachable(detail: string, cause: unknown): ApiError {
  return new ApiError({ status: 0, code: 'UNREACHABLE', title: 'The platform does not answer', detail }, { cause });
}

function strange(status: number, detail: string, cause?: unknown): ApiError {
  return new ApiError({ status, code: 'INTERNAL', title: 'A reply that cannot be read', detail }, { cause });
}
