import { type Field, foldQuery, type Query, type Test } from '@vedette/query';
import { type RawBuilder, sql } from 'kysely';
import { type Condition, meaningOfLists, testCondition } from './test-condition.ts';

/** A query as a condition on knowledge_check, joined with `found` (assets on which it is open); `version` is that of the knowledge. */
export function checkCondition(query: Query, version: number): Condition {
  return foldQuery<Condition>(query, {
    ...meaningOfLists,
    test: (field, test) => conditionOf(field, test, version),
    nested: ({ name }) => {
      throw new Error(`checks have no ${name}`);
    },
  });
}

function conditionOf(field: Field, test: Test, version: number): Condition {
  const { name } = field;
  if (name === 'alias')
    return sql`exists (select from jsonb_array_elements_text(body -> 'aliases') as alias where ${testCondition(sql`alias`, field, test)})`;
  if (name === 'package' || name === 'ecosystem')
    return sql`exists (
      select from statement where check_number = knowledge_check.number and ${holdsAt('statement', version)}
        and ${testCondition(sql.ref(`statement.${name}`), field, test)})`;
  return testCondition(expressionOf(field), field, test);
}

/** Whether a row of the knowledge was part of this version of it. */
export function holdsAt(table: string, version: number): RawBuilder<boolean> {
  const [from, until] = [sql.ref(`${table}.valid_from`), sql.ref(`${table}.valid_until`)];
  return sql<boolean>`(${from} <= ${version} and (${until} is null or ${until} > ${version}))`;
}

function expressionOf({ name }: Field): RawBuilder<unknown> {
  switch (name) {
    case 'check':
      return sql`knowledge_check.number`;
    case 'name':
    case 'severity':
    case 'patchable':
      return sql.ref(`knowledge_check.${name}`);
    case 'title':
      return sql`body #>> '{posture,title}'`;
    case 'cvss':
      return highestScore;
    case 'epss':
      return sql`(body #>> '{epss,score}')::float8`;
    case 'kev':
      return sql`((body ->> 'kevSince') is not null)`;
    case 'published':
      return sql`(published::timestamp at time zone 'UTC')`;
    case 'modified':
      return sql`((body ->> 'modified')::timestamp at time zone 'UTC')`;
    case 'assets':
      return sql`coalesce(found.assets, 0)`;
    default:
      throw new Error(`checks have no ${name}`);
  }
}

/** Of its CVSS scores; null without any. */
export const highestScore: RawBuilder<unknown> = sql`(select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss)`;
