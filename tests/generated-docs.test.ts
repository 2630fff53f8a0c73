import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedDocuments, generatedQueryParser } from '../tools/generate.ts';

const folder = join(import.meta.dirname, '../docs/generated');

it('docs/generated holds exactly what the code says (npm run generate)', () => {
  const kept = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(generatedDocuments()));
});

it('the parser of the query language is that of its grammar (npm run generate)', () => {
  const file = join(import.meta.dirname, '../packages/query/src/generated/parser.ts');
  expect(readFileSync(file, 'utf8')).toBe(generatedQueryParser());
});
