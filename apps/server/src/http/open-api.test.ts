import { endpoints } from '@vedette/protocol';
import { type EntityName, parseQuery } from '@vedette/query';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { openApi } from './open-api.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

const document = openApi('1.2.3') as Document & object; // the test is about its shape

const ajv = new Ajv2020({ strict: false, validateSchema: false });
addFormats.default(ajv);

it('is a valid OpenAPI 3.1 document', async () => {
  expect(await new Validator().validate(JSON.parse(JSON.stringify(document)) as Record<string, unknown>)).toEqual({
    valid: true,
  });
});

it('names every operation of the API once', () => {
  const named = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect(named.toSorted()).toEqual(Object.keys(endpoints).toSorted());
});

it('describes every part of every path', () => {
  const undescribed = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.values(operations).filter((operation) => {
      const { parameters = [] } = operation as unknown as { parameters?: { in: string; name: string; required: boolean }[] };
      const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((one) => one.in === 'path' && one.required).map(({ name }) => name);
      return parts.length !== described.length || parts.some((part) => !described.includes(String(part)));
    }),
  );
  expect(undescribed).toEqual([]);
});

interface Described {
  readonly parameters: readonly {
    readonly name: string;
    readonly description?: string;
    readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
  }[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Readonly<Record<string, unknown>> }>
  >;
}

function operationOf(name: keyof typeof endpoints): Described {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const found = operations.find(({ operationId }) => operationId === name);
  if (!found) throw new Error(`no operation ${name}`);
  return found as unknown as Described; // made by openApi
}

it.each([
  [
    'deleteTag',
    {
      400: 'BAD_REQUEST',
      401: 'UNAUTHENTICATED',
      403: 'FORBIDDEN, LOGIN_INCOMPLETE',
      404: 'NOT_FOUND',
      409: 'CONFLICT',
    },
  ],
  ['getAbout', { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN, LOGIN_INCOMPLETE' }],
  ['logOut', { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN' }],
  ['logIn', { 400: 'BAD_REQUEST', 401: 'LOGIN_FAILED', 413: 'BODY_TOO_LARGE', 429: 'TOO_MANY_REQUESTS' }],
] as const)('%s names its failures by status, each as a problem document', (name, expected) => {
  const { responses } = operationOf(name);
  const { 200: _, default: other, ...failures } = responses;
  expect(Object.fromEntries(Object.entries(failures).map(([status, { description }]) => [status, description]))).toEqual(
    expected,
  );
  for (const { content } of [...Object.values(failures), other!])
    expect(content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
});

it('says where a list comes as CSV, and what a parameter means', () => {
  expect(Object.keys(operationOf('listDetections').responses['200']?.content ?? {})).toEqual(['application/json', 'text/csv']);
  expect(Object.keys(operationOf('getAsset').responses['200']?.content ?? {})).toEqual(['application/json']);
  const asOf = operationOf('listDetections').parameters.find(({ name }) => name === 'asOf');
  expect(asOf?.description).toBe('The view at this moment of the past');
});

describe.each(Object.keys(endpoints) as (keyof typeof endpoints)[])('%s', (name) => {
  it('has an example of its reply (npm run generate), which fits', () => {
    const { content } = operationOf(name).responses['200'] ?? {};
    const { schema, example } = (content ?? {})['application/json'] as { schema: object; example?: unknown };
    const validate = ajv.compile(schema);
    validate(example);
    expect(validate.errors).toBeNull();
  });
});

it('shows a query for every field where one can be asked, and each is one', () => {
  const { components } = document as unknown as { components: { examples: Record<string, { value: string }> } };
  const shown = Object.keys(endpoints).flatMap((name) =>
    operationOf(name as keyof typeof endpoints)
      .parameters.filter(({ description }) => description === 'In the query language')
      .map(
        ({ examples }) =>
          [name, Object.values(examples ?? {}).map(({ $ref }) => $ref.slice('#/components/examples/'.length))] as const,
      ),
  );
  expect(shown.map(([name]) => name)).toEqual([
    'listAssets',
    'listDetections',
    'countDetections',
    'listSoftware',
    'listEvents',
    'listChecks',
  ]);
  for (const [name, queries] of shown) {
    expect([name, queries.length > 0]).toEqual([name, true]);
    for (const query of queries) {
      const about = query.split('.')[0] as EntityName; // an example of an unknown one would not be read
      expect(parseQuery(components.examples[query]?.value ?? '', about, 0).query).not.toBeNull();
    }
  }
});

it('weighs less than 600 kB', () => {
  expect(JSON.stringify(document).length).toBeLessThan(600_000);
});
