import { didYouMean } from './did-you-mean.ts';
import { entities } from './entities.ts';
import { QueryError, type Span } from './errors.ts';
import type { Entity, EntityName, Field } from './field.ts';
import { clockSkewMs, parseStretch } from './moment.ts';
import { parseTest } from './parse-test.ts';
import type { Query } from './query.ts';
import { parseSyntax, type Syntax, type WrittenValue } from './syntax.ts';

export interface ParsedQuery {
  /** Null where everything is wanted. */
  readonly query: Query | null;
  /** The moment of the past for which it is asked, in ms since 1970; null for now. */
  readonly asOf: number | null;
}

/**
 * Understands a query about one kind of thing. `now` (ms since 1970) is what relative times count from.
 * `asOf:2026-11-01` belongs to the whole query, so that it stands at its top, beside the rest.
 * @throws QueryError with the position of the part that is wrong
 */
export function parseQuery(text: string, about: EntityName, now: number): ParsedQuery {
  const syntax = parseSyntax(text);
  if (!syntax) return { query: null, asOf: null };
  const parts = syntax.kind === 'and' ? syntax.parts : [syntax];
  const moments = parts.filter(isAsOf);
  const [moment, another] = moments;
  if (another) throw new QueryError('misplaced', 'asOf stands twice: a query looks at one moment', another.at);
  const rest = parts.filter((part) => !isAsOf(part)).map((part) => resolve(part, { entity: entities[about], now, bound: null }));
  const [only] = rest;
  return {
    query: !only ? null : rest.length === 1 ? only : { kind: 'and', parts: rest },
    asOf: moment ? momentOf(moment, now) : null,
  };
}

type Term = Extract<Syntax, { kind: 'term' }>;

interface Scope {
  readonly entity: Entity;
  readonly now: number;
  /** The field before the parentheses, whose values stand in them. */
  readonly bound: Field | null;
}

function isAsOf(node: Syntax): node is Term {
  return node.kind === 'term' && node.field.name.toLowerCase() === 'asof';
}

function momentOf({ operator, value, at }: Term, now: number): number {
  if (operator !== ':' && operator !== '=') throw new QueryError('bad-operator', 'asOf is one moment: asOf:2026-11-01', at);
  const stretch = parseStretch(value.text, now);
  if (!stretch) throw new QueryError('bad-value', `asOf takes a time such as 2026-11-01 or now-30d, not "${value.text}"`, value);
  if (stretch.from > now + clockSkewMs) throw new QueryError('bad-value', 'asOf looks back: this moment is still to come', value);
  // As a day ended; of one that has not, as it is now.
  return Math.min(stretch.until - 1, now);
}

function resolve(node: Syntax, scope: Scope): Query {
  switch (node.kind) {
    case 'and':
    case 'or':
      return { kind: node.kind, parts: node.parts.map((part) => resolve(part, scope)) };
    case 'not':
      return { kind: 'not', part: resolve(node.part, scope) };
    case 'word':
      return scope.bound ? parseTest(scope.bound, ':', node.value, scope.now) : searched(node.value, scope);
    case 'term':
      return atField(node, scope, (field) => parseTest(field, node.operator, node.value, scope.now));
    case 'group':
      return atField(node, scope, (field) =>
        field.of
          ? { kind: 'nested', field, part: resolve(node.part, { ...scope, entity: entities[field.of], bound: null }) }
          : resolve(node.part, { ...scope, bound: field }),
      );
  }
}

/** Looks the field up; of `asset.os` the second in what the first holds. */
function atField(node: Extract<Syntax, { field: unknown }>, scope: Scope, use: (field: Field) => Query): Query {
  if (scope.bound) {
    throw new QueryError('misplaced', `only values of ${scope.bound.name} can stand in these parentheses`, node.field);
  }
  if (isAsOf(node))
    throw new QueryError(
      'misplaced',
      'asOf belongs to the whole query: write it at the top, outside of or, not and parentheses',
      node.at,
    );
  const [first = '', ...rest] = node.field.name.split('.');
  const outer = findField(first, scope.entity, node.field);
  if (rest.length === 0) return use(outer);
  if (!outer.of || rest.length > 1)
    throw new QueryError('unknown-field', `${first} has no field "${rest.join('.')}"`, node.field);
  return { kind: 'nested', field: outer, part: use(findField(rest[0] ?? '', entities[outer.of], node.field)) };
}

function findField(name: string, entity: Entity, at: Span): Field {
  const lower = name.toLowerCase();
  const field = entity.fields.find((one) => one.name.toLowerCase() === lower);
  if (field) return field;
  const names = entity.fields.map((one) => one.name);
  const [near] = didYouMean(name, names);
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new QueryError('unknown-field', `${article(entity.name)} ${entity.name} has no field "${name}": ${hint}`, at);
}

/** A word alone is looked for in the fields by which people call such a thing. */
function searched(value: WrittenValue, { entity, now }: Scope): Query {
  const parts = entity.fields
    .filter(({ name }) => entity.searched.includes(name))
    .map((field): Query => {
      const test = parseTest({ ...field, type: 'text' }, ':', value, now);
      return test.kind === 'test' ? { ...test, field } : test;
    });
  return { kind: 'or', parts };
}

function article(name: string): string {
  return /^[aeiou]/.test(name) ? 'an' : 'a';
}
