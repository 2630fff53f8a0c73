import type { Endpoint } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { z } from 'zod';
import { authenticate, type Caller, mayDo } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { ApiError } from './api-error.ts';

export interface PublicCall<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Call<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> extends PublicCall<
  Params,
  Query,
  Body
> {
  readonly caller: Caller;
}

/**
 * Serves an endpoint below /api/v1: authenticates, checks the permission, reads what arrives through the endpoint's schemas and
 * sends the handler's answer through the reply schema, so that no column leaves by accident.
 */
export function serve<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  context: Context,
  endpoint: Endpoint<P, Q, B, R>,
  handler: (call: Call<P, Q, B>) => Promise<z.input<R>>,
): void {
  if (endpoint.permission === 'public') throw new Error(`${endpoint.name} is public: use servePublic`);
  route(app, endpoint, {}, async (request, reply) => {
    const caller = await authenticate(context, request);
    if (!caller) throw new ApiError('UNAUTHENTICATED', 'Log in, or send an API token as "Authorization: Bearer ..."');
    if (!mayDo(caller, endpoint.permission)) {
      throw new ApiError('FORBIDDEN', `The role "${caller.role}" does not include ${endpoint.permission}`);
    }
    return handler({ ...read(endpoint, request), caller, request, reply });
  });
}

/** The same for an endpoint that needs no login; `options` may limit its rate. */
export function servePublic<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  endpoint: Endpoint<P, Q, B, R>,
  options: RouteShorthandOptions,
  handler: (call: PublicCall<P, Q, B>) => Promise<z.input<R>>,
): void {
  if (endpoint.permission !== 'public') throw new Error(`${endpoint.name} is not public: use serve`);
  route(app, endpoint, options, (request, reply) => handler({ ...read(endpoint, request), request, reply }));
}

function route<R extends z.ZodType>(
  app: FastifyInstance,
  endpoint: Endpoint<z.ZodType, z.ZodType, z.ZodType, R>,
  options: RouteShorthandOptions,
  answer: (request: FastifyRequest, reply: FastifyReply) => Promise<z.input<R>>,
): void {
  app.route({
    ...options,
    method: endpoint.method,
    url: `/api/v1${endpoint.path}`,
    handler: async (request, reply) => {
      const result = endpoint.reply.safeParse(await answer(request, reply));
      if (!result.success) throw new Error(`The reply of ${endpoint.name} does not fit its schema`, { cause: result.error });
      return reply.header('cache-control', 'no-store').type('application/json').send(JSON.stringify(result.data));
    },
  });
}

function read<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  endpoint: Endpoint<P, Q, B>,
  request: FastifyRequest,
): { params: z.output<P>; query: z.output<Q>; body: z.output<B> } {
  return {
    params: parse('path', endpoint.params, request.params),
    query: parse('query', endpoint.query, request.query),
    body: parse('body', endpoint.body, request.body),
  };
}

function parse<Schema extends z.ZodType>(where: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(schema instanceof z.ZodUndefined ? undefined : value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map((issue) => `${[where, ...issue.path].join('.')}: ${issue.message}`);
  throw new ApiError('BAD_REQUEST', problems.join('; '));
}
