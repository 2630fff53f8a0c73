import { criticalityFactor, exposureFactor, riskFormula } from '@vedette/matching';
import { type RawBuilder, sql } from 'kysely';
import type { Decisions } from '../decisions/decisions.ts';

/**
 * riskScore of @vedette/matching as SQL over rows with check_severity, body, confirmed and asset_number, step by step in the same order,
 * so that both give the same number.
 */
export function riskSql(decisions: Decisions): RawBuilder<number> {
  const { severity, threat, unconfirmed } = riskFormula;
  const bySeverity = sql`(${[...severity]}::float8[])[check_severity]`;
  const cvss = sql`(select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss)`;
  const epss = sql`(body #>> '{epss,score}')::float8`;
  const impact = sql`(case when ${cvss} is null then ${bySeverity} else (${bySeverity} + ${cvss} / 10) / 2 end)`;
  const likely = sql`(case when (body ->> 'kevSince') is not null then ${threat.exploited}::float8
    when ${epss} is null then ${threat.unknown}::float8
    else ${threat.least}::float8 + ${threat.byEpss}::float8 * sqrt(${epss}) end)`;
  const sure = sql`(case when confirmed then 1::float8 else ${unconfirmed}::float8 end)`;
  return sql<number>`floor(1000 * (${impact} * ${likely} * ${contextSql(decisions)} * ${sure}) + 0.5)::integer`;
}

function contextSql(decisions: Decisions): RawBuilder<number> {
  const parts = decisions.contexts().map(({ context, assets }) => ({
    factor: exposureFactor(context.exposure) * criticalityFactor(context.criticality),
    assets,
  }));
  const rest = parts.at(-1)?.factor ?? 1;
  const named = parts
    .slice(0, -1)
    .map(({ factor, assets }) =>
      assets === null
        ? sql`when true then ${factor}::float8`
        : sql`when asset_number = any(${[...assets]}::integer[]) then ${factor}::float8`,
    );
  if (named.length === 0) return sql<number>`${rest}::float8`;
  return sql<number>`(case ${sql.join(named, sql` `)} else ${rest}::float8 end)`;
}
