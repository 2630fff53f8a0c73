import type { Endpoint } from '@vedette/protocol';

type Part<Name extends string, Schema extends Endpoint['params']> = undefined extends Schema['_zod']['input']
  ? { readonly [K in Name]?: never }
  : object extends Schema['_zod']['input']
    ? { readonly [K in Name]?: Schema['_zod']['input'] }
    : { readonly [K in Name]: Schema['_zod']['input'] };

/** What an operation takes: exactly the parts its endpoint describes. */
export type InputOf<E extends Endpoint> = Part<'params', E['params']> & Part<'query', E['query']> & Part<'body', E['body']>;
export type ReplyOf<E extends Endpoint> = E['reply']['_zod']['output'];

/** What the schemas of paths and queries consist of. */
type Scalar = string | number | boolean | null | undefined;

/** The parts of any input, as seen when building the request; InputOf has checked them for the caller. */
export interface AnyInput {
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
