import type { Field, Test } from '@vedette/query';
import { type RawBuilder, sql } from 'kysely';

export type Condition = RawBuilder<boolean>;

/** A test of a query as a condition on an expression of that type; null passes none. Versions have no order in SQL: not for them. */
export function testCondition(expression: RawBuilder<unknown>, { type }: Pick<Field, 'type'>, test: Test): Condition {
  switch (test.is) {
    case 'present':
      return type === 'text' || type === 'keyword' ? sql`coalesce(${expression} <> '', false)` : sql`(${expression} is not null)`;
    case 'equal':
      if (typeof test.value === 'boolean') return sql`coalesce(${expression} = ${test.value}, false)`;
      return sql`coalesce(lower(${expression}) = ${test.value}, false)`;
    case 'contains':
      return sql`coalesce(position(${test.text} in lower(${expression})) > 0, false)`;
    case 'pattern':
      return sql`coalesce(lower(${expression}) like ${likePattern(test.text)}, false)`;
    case 'range':
      return rangeCondition(expression, type, test);
    case 'version':
      throw new Error('versions are compared in the order of their ecosystem, not by the database');
  }
}

export const meaningOfLists = {
  all: (parts: readonly Condition[]): Condition => sql`(${sql.join(parts, sql` and `)})`,
  any: (parts: readonly Condition[]): Condition => sql`(${sql.join(parts, sql` or `)})`,
  not: (part: Condition): Condition => sql`not ${part}`,
};

function rangeCondition(expression: RawBuilder<unknown>, type: Field['type'], test: Extract<Test, { is: 'range' }>): Condition {
  const bound = (value: number): unknown =>
    type === 'instant' ? sql`${new Date(clamped(value))}::timestamptz` : sql`${value}::float8`;
  const low =
    test.from === -Infinity
      ? []
      : [test.isOpen ? sql`${expression} > ${bound(test.from)}` : sql`${expression} >= ${bound(test.from)}`];
  const high =
    test.until === Infinity
      ? []
      : [test.isClosed ? sql`${expression} <= ${bound(test.until)}` : sql`${expression} < ${bound(test.until)}`];
  return sql`coalesce(${sql.join([...low, ...high, sql`${expression} is not null`], sql` and `)}, false)`;
}

/** Dates that PostgreSQL and JavaScript both know; beyond them nothing lies. */
function clamped(ms: number): number {
  return Math.min(Math.max(ms, -62_135_596_800_000), 253_402_300_799_000);
}

/** `*` and `?` of a query as `%` and `_` of SQL. */
function likePattern(text: string): string {
  return text
    .replaceAll(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}
