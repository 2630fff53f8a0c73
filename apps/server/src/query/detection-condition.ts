import { compileTest, type Field, foldQuery, type Query, type Test } from '@vedette/query';
import { postureCheckNumbers } from '@vedette/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Decisions } from '../decisions/decisions.ts';
import { coveredSql } from '../exceptions/exception-sql.ts';
import { ApiError } from '../http/api-error.ts';
import { riskSql } from '../risk/risk-sql.ts';
import { type Condition, meaningOfLists, testCondition } from './test-condition.ts';

/**
 * A query as a condition on the rows of findDetections, for what the index does not answer. `fitting` gives the numbers of the assets, or
 * the ids of the package versions, that fit a nested query, which was answered before.
 */
export function detectionCondition(
  query: Query,
  fitting: (query: Query) => readonly number[],
  decided: { readonly decisions: Decisions; readonly organizationId: string; readonly asOf: Date },
): Condition {
  return foldQuery<Condition>(query, {
    ...meaningOfLists,
    test: (field, test) => {
      if (field.name === 'risk') return testCondition(riskSql(decided.decisions), field, test);
      if (field.name === 'exception') return testCondition(coveredSql(decided.decisions, decided.organizationId), field, test);
      if (field.name === 'exceptionId') return coveredSql(decided.decisions, decided.organizationId, compileTest(test));
      return conditionOf(field, test, decided.asOf);
    },
    nested: ({ of }, part) =>
      of === 'software'
        ? sql`(package_version_ids && ${[...fitting(part)]}::integer[])`
        : sql`asset_number = any(${[...fitting(part)]}::integer[])`,
  });
}

function conditionOf(field: Field, test: Test, asOf: Date): Condition {
  if (field.name === 'package') {
    const named = [sql.ref('package_version.name'), sql.ref('package_version.source')].map((column) =>
      testCondition(column, field, test),
    );
    return sql`exists (select from package_version where id = any(package_version_ids) and ${meaningOfLists.any(named)})`;
  }
  if (field.name === 'openAt') return wasOpen(test);
  if (field.name === 'upgrade')
    throw new ApiError('BAD_REQUEST', 'query: upgrade is of what is open now, and stands beside no status, fixedAt or asOf');
  return testCondition(expressionOf(field, asOf), field, test);
}

/** Open at some moment of a time. */
function wasOpen(test: Test): Condition {
  if (test.is !== 'range') return sql`true`;
  const bound = (ms: number) => (Number.isFinite(ms) ? new Date(ms) : null);
  const bounds = `${test.isOpen ? '(' : '['}${test.isClosed ? ']' : ')'}`;
  return sql`(during && tstzrange(${bound(test.from)}::timestamptz, ${bound(test.until)}::timestamptz, ${bounds}))`;
}

function expressionOf({ name }: Field, asOf: Date): RawBuilder<unknown> {
  switch (name) {
    case 'check':
      return sql`check_number`;
    case 'kind':
      return sql`case when check_number between ${postureCheckNumbers.first} and ${postureCheckNumbers.last} then 'posture' else 'vulnerability' end`;
    case 'firstFound':
      return sql`first_found`;
    case 'fixedAt':
      return sql`fixed_at`;
    case 'kev':
      return sql`(confirmed and (body ->> 'kevSince') is not null)`;
    case 'cvss':
      return sql`(select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss)`;
    case 'epss':
      return sql`(body #>> '{epss,score}')::float8`;
    case 'confidence':
      return sql`case when confirmed then 'confirmed' when potential then 'potential' else 'information' end`;
    case 'fixable':
      return sql`exists (
        select from unnest(package_version_ids) as found (id)
        join lateral (
          select fixed from verdict
          where package_version_id = found.id and verdict.check_number = detection.check_number and from_at <= ${asOf}::timestamptz
          order by valid_from desc limit 1
        ) as newest on true
        where fixed is not null)`;
    case 'name':
    case 'severity':
    case 'status':
      return sql.ref(name);
    default:
      throw new Error(`detections have no ${name}`);
  }
}
