import type { Endpoint } from '@vedette/protocol';
import { clockSkewMs } from '@vedette/query';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { z } from 'zod';
import { auditOperation } from '../audit/audit-operation.ts';
import { auditRefusal, isAudited } from '../audit/audit-request.ts';
import { admit, Refusal } from '../auth/admit.ts';
import type { Caller } from '../auth/authenticate.ts';
import { resolveScope } from '../auth/resolve-scope.ts';
import type { Context } from '../context.ts';
import { withinScope } from '../db/asset-scope.ts';
import { ApiError } from './api-error.ts';
import { csvOfItems, queryShape } from './csv-of-items.ts';
import { CsvAnswer, type CsvColumn, csvPageSize } from './csv.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import { Turns } from './turns.ts';

/** Of this process. */
const turns = new Turns();

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
  /** For the audit log, beside what was asked for: what was before and is after, what else it was done to. Without secrets. */
  readonly note: (detail: Readonly<Record<string, unknown>>) => void;
}

/**
 * Serves an endpoint below /api/v1: authenticates, checks the permission, reads what arrives through the endpoint's schemas, lets the
 * handler answer within the caller's asset scope, writes changes to the audit log, and sends the answer through the reply schema, so that
 * no column leaves by accident.
 */
export function serve<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  context: Context,
  endpoint: Endpoint<P, Q, B, R>,
  handler: (call: Call<P, Q, B>) => Promise<z.input<R>>,
): void {
  serveAs(app, context, endpoint, async (call) => {
    const ask = (query: unknown) => handler({ ...call, query: query as z.output<Q> }); // read through its schema
    if (!isCsvWanted(endpoint, call)) return handler(call);
    return (await csvOfItems(endpoint, call.request.query as Record<string, unknown>, ask)) as never; // route() tells it from a reply
  });
}

/** The same with nothing added: the handler itself makes CSV of a list. */
function serveAs<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  context: Context,
  endpoint: Endpoint<P, Q, B, R>,
  handler: (call: Call<P, Q, B>) => Promise<z.input<R>>,
): void {
  if (endpoint.permission === 'public') throw new Error(`${endpoint.name} is public: use servePublic`);
  route(app, endpoint, {}, async (request, reply) => {
    const caller = await admitAudited(context, endpoint, request);
    // Logging in and out, and ending sessions, waits for nothing.
    if (isOfAccount(endpoint)) return answerOf(caller, request, reply);
    return turns.take(caller.userId, () => answerOf(caller, request, reply));
  });

  async function answerOf(caller: Caller, request: FastifyRequest, reply: FastifyReply): Promise<z.input<R>> {
    const input = read(endpoint, request);
    // What a browser makes for a second factor has more in it than is read, and differs from one to the next.
    if (!isOfAccount(endpoint)) {
      refuseUnknown('query', { given: request.query, read: input.query, known: Object.keys(queryShape(endpoint)) });
      refuseUnknown('body', { given: request.body, read: input.body, known: [] });
    }
    refuseAhead('query', input.query, context.clock());
    refuseAhead('body', input.body, context.clock());
    const notes: Record<string, unknown> = {};
    const note = (detail: Readonly<Record<string, unknown>>): void => void Object.assign(notes, detail);
    const scope = await resolveScope(context, caller, endpoint.permission);
    const answer = (): Promise<z.input<R>> => handler({ ...input, caller, note, request, reply });
    const task = (): Promise<z.input<R>> => (scope ? withinScope(scope, answer) : answer());
    if (!isAudited(endpoint) || isPreview(input.body)) return task();
    const { body, params } = input as { body: unknown; params: Record<string, unknown> | undefined }; // as the schemas gave them
    const target = Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, String(value)]));
    const detail = body === undefined ? {} : { input: body };
    return auditOperation(context, {
      audited: { request, caller, action: endpoint.name, target, detail },
      task,
      notes: () => notes,
    });
  }
}

function isOfAccount({ permission }: Pick<Endpoint, 'permission'>): boolean {
  return permission === 'login' || permission === 'account' || permission === 'leave';
}

/** `dryRun` of a body whose schema has it: says what would be done, and does nothing. */
function isPreview(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'dryRun' in body && body.dryRun === true;
}

/** Who tried what they may not is worth knowing, where it would have changed something. */
async function admitAudited(context: Context, endpoint: Endpoint, request: FastifyRequest): Promise<Caller> {
  try {
    return await admit(context, request, endpoint.permission);
  } catch (error) {
    if (error instanceof Refusal && isAudited(endpoint)) {
      const target = Object.fromEntries(Object.entries(request.params as Record<string, string>)); // texts of the address
      await auditRefusal(context, { request, caller: error.caller, action: endpoint.name, target });
    }
    throw error;
  }
}

interface ListQuery {
  readonly limit: number;
  readonly offset: number;
  readonly after?: string | undefined;
  readonly format?: 'json' | 'csv' | undefined;
}

/**
 * The same for a list that is read by cursor: with `format=csv` or `Accept: text/csv` the whole of it comes as CSV, which costs as much
 * memory as one page.
 */
export function serveList<P extends z.ZodType, Q extends z.ZodType<ListQuery>, R extends z.ZodType, Item>(
  app: FastifyInstance,
  context: Context,
  endpoint: Endpoint<P, Q, z.ZodUndefined, R>,
  {
    columns,
    page,
  }: {
    readonly columns: readonly CsvColumn<Item>[];
    readonly page: (
      call: Pick<Call<P, Q, z.ZodUndefined>, 'params' | 'query' | 'caller'>,
    ) => Promise<{ readonly total: number; readonly items: Item[]; readonly next: string | null } & z.input<R>>;
  },
): void {
  serveAs(app, context, endpoint, async (call) => {
    const { query } = call;
    if (!isCsvWanted(endpoint, call)) return page(call);
    const name = endpoint.path.split('/').at(-1) ?? 'list';
    // The same question in larger parts; the reply schema does not see them, the columns choose what leaves.
    const load = (after: string | undefined) =>
      page({ ...call, query: { ...query, format: 'csv', limit: csvPageSize, offset: 0, after } });
    return new CsvAnswer(name, columns, load) as never; // route() tells it from a reply
  });
}

function isCsvWanted(endpoint: Endpoint, { query, request }: { query: unknown; request: FastifyRequest }): boolean {
  if (!queryShape(endpoint).format) return false;
  const { format } = query as { format?: string }; // as the endpoint's own schema gave it
  return format === 'csv' || (format === undefined && /^\s*text\/csv\b/.test(request.headers.accept ?? ''));
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
      const answered = await answer(request, reply);
      if (answered instanceof CsvAnswer) return sendCsv(reply, answered);
      const result = endpoint.reply.safeParse(answered);
      if (!result.success) throw new Error(`The reply of ${endpoint.name} does not fit its schema`, { cause: result.error });
      return reply.header('cache-control', 'no-store').type('application/json').send(JSON.stringify(result.data));
    },
  });
}

async function sendCsv(reply: FastifyReply, answer: CsvAnswer<unknown>): Promise<FastifyReply> {
  const stream = await answer.stream();
  return reply
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="vedette-${answer.name}.csv"`)
    .type('text/csv; charset=utf-8')
    .send(stream);
}

function read<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  endpoint: Endpoint<P, Q, B>,
  request: FastifyRequest,
): { params: z.output<P>; query: z.output<Q>; body: z.output<B> } {
  refuseDeep(request.body);
  return {
    params: parse('path', endpoint.params, request.params),
    query: parse('query', endpoint.query, request.query),
    body: parse('body', endpoint.body, request.body),
  };
}

/** No document that we know has so many levels. What walks through one calls itself for each, and would run out of stack. */
const maxLevels = 100;

function refuseDeep(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxLevels) throw new ApiError('BAD_REQUEST', `body: it has more than ${maxLevels} levels`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

/** A view looks back: of a moment that is still to come nothing is known, and an answer as of now would not say so. */
function refuseAhead(where: string, value: unknown, now: Date): void {
  const moment = typeof value === 'object' && value !== null && 'asOf' in value ? value.asOf : undefined;
  if (typeof moment !== 'string' || Date.parse(moment) <= now.getTime() + clockSkewMs) return;
  throw new ApiError('BAD_REQUEST', `${where}.asOf: ${moment} is still to come, here it is ${now.toISOString()}`);
}

function parse<Schema extends z.ZodType>(where: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(schema instanceof z.ZodUndefined ? undefined : value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map((issue) => `${[where, ...issue.path].join('.')}: ${issue.message}`);
  throw new ApiError('BAD_REQUEST', problems.join('; '));
}
