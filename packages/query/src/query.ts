import type { Field } from './field.ts';

/** A query that was understood: each term is a test of a field's values. It holds where any one value passes. */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'test'; readonly field: Field; readonly test: Test }
  /** Holds where all of it holds for one and the same of what the field has. */
  | { readonly kind: 'nested'; readonly field: Field; readonly part: Query };

/** Texts are in lower case. Numbers are themselves, severities 1 to 5, moments in ms since 1970. */
export type Test =
  | { readonly is: 'present' }
  | { readonly is: 'equal'; readonly value: string | boolean }
  | { readonly is: 'contains'; readonly text: string }
  /** With `*` for anything and `?` for one character. */
  | { readonly is: 'pattern'; readonly text: string }
  /** From `from`, without it where `isOpen`, up to `until`, with it where `isClosed`; infinite where there is no bound. */
  | { readonly is: 'range'; readonly from: number; readonly isOpen: boolean; readonly until: number; readonly isClosed: boolean }
  | { readonly is: 'version'; readonly operator: '<' | '<=' | '=' | '>=' | '>'; readonly version: string };

/** What a query means somewhere: sets of rows, an SQL condition, a yes or no. */
export interface Meaning<Result> {
  all(parts: readonly Result[]): Result;
  any(parts: readonly Result[]): Result;
  not(part: Result): Result;
  test(field: Field, test: Test): Result;
  nested(field: Field, part: Query): Result;
}

export function foldQuery<Result>(query: Query, meaning: Meaning<Result>): Result {
  switch (query.kind) {
    case 'and':
      return meaning.all(query.parts.map((part) => foldQuery(part, meaning)));
    case 'or':
      return meaning.any(query.parts.map((part) => foldQuery(part, meaning)));
    case 'not':
      return meaning.not(foldQuery(query.part, meaning));
    case 'test':
      return meaning.test(query.field, query.test);
    case 'nested':
      return meaning.nested(query.field, query.part);
  }
}
