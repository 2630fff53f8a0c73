import { z } from 'zod';
import type { AccessRequirement } from './permissions.ts';

const nothing = z.undefined();

/** One operation of the public API: the single description that server, console, CLI, tests and OpenAPI share. */
export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType,
> {
  readonly name: string;
  readonly summary: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below /api/v1, parameters as `:name`. */
  readonly path: string;
  /** The one place that says who may use it. */
  readonly permission: AccessRequirement;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly reply: Reply;
  readonly errors: readonly ApiErrorCode[];
}

export const apiErrorCodes = [
  'BAD_REQUEST',
  'BODY_TOO_LARGE',
  'UNAUTHENTICATED',
  'LOGIN_FAILED',
  'LOGIN_INCOMPLETE',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'UNAVAILABLE',
] as const;
export type ApiErrorCode = (typeof apiErrorCodes)[number];

/** Gives an endpoint its types; leave out what it has not, and it takes nothing there. */
export function endpoint<
  Reply extends z.ZodType,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(description: {
  name: string;
  summary: string;
  method: Endpoint['method'];
  path: string;
  permission: AccessRequirement;
  params?: Params;
  query?: Query;
  body?: Body;
  reply: Reply;
  errors?: readonly ApiErrorCode[];
}): Endpoint<Params, Query, Body, Reply> {
  return { params: nothing, query: nothing, body: nothing, errors: [], ...description } as unknown as Endpoint<
    Params,
    Query,
    Body,
    Reply
  >; // The defaults above are exactly the type parameters' defaults; TypeScript cannot see that.
}
