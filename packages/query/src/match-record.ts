import { compileTest, type CompareVersions, type Scalar } from './match-test.ts';
import { foldQuery, type Query } from './query.ts';

/** A thing with its fields; a field may have several values, a nested one several things. */
export interface Thing {
  readonly [field: string]: Scalar | readonly Scalar[] | readonly Thing[];
}

/** Whether a thing fits a query: what every other way of answering is held against. */
export function matchesThing(query: Query, thing: Thing, compareVersions?: CompareVersions): boolean {
  return foldQuery<boolean>(query, {
    all: (parts) => parts.every(Boolean),
    any: (parts) => parts.some(Boolean),
    not: (part) => !part,
    test: (field, test) => {
      const passes = compileTest(test);
      return valuesOf(thing, field.name).some((value) => !isThing(value) && passes(value, compareVersions));
    },
    nested: (field, part) => valuesOf(thing, field.name).some((one) => isThing(one) && matchesThing(part, one, compareVersions)),
  });
}

function valuesOf(thing: Thing, name: string): readonly (Scalar | Thing)[] {
  const value = Object.hasOwn(thing, name) ? thing[name] : undefined;
  if (value === undefined) return [];
  return typeof value === 'object' && value !== null ? value : [value];
}

function isThing(value: Scalar | Thing): value is Thing {
  return typeof value === 'object' && value !== null;
}
