import { type ApiErrorCode, type Endpoint, endpoints, Problem } from '@vedette/protocol';
import { entities, type Entity, type EntityName } from '@vedette/query';
import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { queryShape } from './csv-of-items.ts';
import { examples } from './generated/examples.ts';

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
      examples: Object.fromEntries(Object.values(entities).flatMap(fieldExamples)),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

/** What the ways to an operation may answer, whatever it does: by the name it was called by, the page it was called from, load, a fault. */
const ofAny: readonly ApiErrorCode[] = ['BAD_REQUEST', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'INTERNAL', 'UNAVAILABLE'];

/** What the parameter `query` of an operation asks for, in the query language. */
const asked: Readonly<Record<string, EntityName>> = {
  listAssets: 'asset',
  listDetections: 'detection',
  countDetections: 'detection',
  listSoftware: 'software',
  listEvents: 'event',
  listChecks: 'check',
};

const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

function operation(endpoint: Endpoint): object {
  const body = { required: true, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } } };
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    security: endpoint.permission === 'public' ? [] : [{ token: [] }],
    parameters: [...parameters('path', endpoint.params), ...parameters('query', endpoint.query, asked[endpoint.name])],
    ...(endpoint.body instanceof z.ZodUndefined ? {} : { requestBody: body }),
    responses: {
      200: {
        description: 'Success',
        content: {
          'application/json': { schema: schemaOf(endpoint.reply, 'output'), example: examples[endpoint.name] },
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

function parameters(where: 'path' | 'query', schema: z.ZodType, about?: EntityName): object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as { readonly description?: string }; // JSON Schema of a scalar
    const meaning = description === undefined ? {} : { description };
    const shown = about && name === 'query' ? { examples: queriesAbout(about) } : {};
    return { name, in: where, required: where === 'path' || required.includes(name), ...meaning, schema, ...shown };
  });
}

/** A query for each field, by reference: several operations ask for the same. */
function queriesAbout(about: EntityName): object {
  return Object.fromEntries(entities[about].fields.map(({ name }) => [name, { $ref: `#/components/examples/${about}.${name}` }]));
}

function fieldExamples({ name: about, fields }: Entity): [string, object][] {
  return fields.map(({ name, describes, example }) => [`${about}.${name}`, { summary: describes, value: example }]);
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): { properties?: Record<string, unknown>; required?: string[] } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as { properties?: Record<string, unknown>; required?: string[] }; // JSON Schema of an object, as asked for
}
