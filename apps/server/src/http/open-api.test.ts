import { endpoints } from '@vedette/protocol';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApi } from './open-api.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

const document = openApi('1.2.3') as Document & object; // the test is about its shape

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
