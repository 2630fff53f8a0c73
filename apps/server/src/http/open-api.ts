import { type Endpoint, endpoints, Problem } from '@vedette/protocol';
import { z } from 'zod';

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

function operation(endpoint: Endpoint): object {
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const body = { required: true, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } } };
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    security: endpoint.permission === 'public' ? [] : [{ token: [] }],
    parameters: [...parameters('path', endpoint.params), ...parameters('query', endpoint.query)],
    ...(endpoint.body instanceof z.ZodUndefined ? {} : { requestBody: body }),
    responses: {
      200: { description: 'Success', content: { 'application/json': { schema: schemaOf(endpoint.reply, 'output') } } },
      default: { description: ['Problem', ...endpoint.errors].join(', '), content: problem },
    },
  };
}

function parameters(where: 'path' | 'query', schema: z.ZodType): object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input');
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): { properties?: Record<string, unknown>; required?: string[] } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as { properties?: Record<string, unknown>; required?: string[] }; // JSON Schema of an object, as asked for
}
