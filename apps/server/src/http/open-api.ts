import { type ApiErrorCode, type Endpoint, endpoints, Problem } from '@vedette/protocol';
import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { queryShape } from './csv-of-items.ts';

/** The public API as an OpenAPI 3.1 document, made from the endpoints themselves. */
export function openApi(version: string): object {
  const paths = new Map<string, Record<string, object>>();
  for (const endpoint of Object.values(endpoints) as Endpoint[]) {
    // widened: only the common shape is needed
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths.set(path, { ...paths.get(path), [endpoint.method.toLowerCase()]: operation(endpoint) });
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vedette', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/api/v1' }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Problem: schemaOf(Problem, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

/** What the ways to an operation may answer, whatever it does: by the name it was called by, the page it was called from, load, a fault. */
const ofAny: readonly ApiErrorCode[] = ['BAD_REQUEST', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'INTERNAL', 'UNAVAILABLE'];

const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

function operation(endpoint: Endpoint): object {
  const body = { required: true, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } } };
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    security: endpoint.permission === 'public' ? [] : [{ token: [] }],
    parameters: [...parameters('path', endpoint.params), ...parameters('query', endpoint.query)],
    ...(endpoint.body instanceof z.ZodUndefined ? {} : { requestBody: body }),
    responses: {
      200: {
        description: 'Success',
        content: {
          'application/json': { schema: schemaOf(endpoint.reply, 'output') },
          // docs/clients.md: RFC 4180, the whole list.
          ...(queryShape(endpoint).format ? { 'text/csv': { schema: { type: 'string' } } } : {}),
        },
      },
      ...problemsOf(endpoint),
      default: { description: ofAny.join(', '), content: problem },
    },
  };
}

/** By status: what any operation of its sort may answer, and what this one may. */
function problemsOf({ params, query, body, permission, errors }: Endpoint): Record<number, object> {
  const takesSomething = [params, query, body].some((part) => !(part instanceof z.ZodUndefined));
  const codes = new Set<ApiErrorCode>([
    ...(takesSomething ? (['BAD_REQUEST'] as const) : []),
    ...(body instanceof z.ZodUndefined ? [] : (['BODY_TOO_LARGE'] as const)),
    ...(permission === 'public' ? [] : (['UNAUTHENTICATED', 'FORBIDDEN'] as const)),
    ...(permission === 'public' || permission === 'login' ? [] : (['LOGIN_INCOMPLETE'] as const)),
    ...errors,
  ]);
  const byStatus = Object.groupBy(codes, (code) => new ApiError(code, '').statusCode);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, of]) => [status, { description: of?.join(', '), content: problem }]),
  );
}

function parameters(where: 'path' | 'query', schema: z.ZodType): object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as { readonly description?: string }; // JSON Schema of a scalar
    const meaning = description === undefined ? {} : { description };
    return { name, in: where, required: where === 'path' || required.includes(name), ...meaning, schema };
  });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): { properties?: Record<string, unknown>; required?: string[] } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as { properties?: Record<string, unknown>; required?: string[] }; // JSON Schema of an object, as asked for
}
