import { z } from 'zod';

const nothing = z.undefined();

/** What a caller must be allowed to do; roles are sets of these. `public` needs no login at all. */
export const permissions = [
  'public',
  'session',
  'asset:read',
  'asset:scan',
  'agent:revoke',
  'detection:read',
  'check:read',
  'knowledge:read',
  'knowledge:write',
  'activation-key:read',
  'activation-key:write',
  'token:write',
  'release:read',
  'release:write',
  'tag:read',
  'tag:write',
  'exception:read',
  'exception:write',
  'exception:approve',
] as const;
export type Permission = (typeof permissions)[number];

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
  readonly permission: Permission;
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
  permission: Permission;
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
