import { type RawBuilder, sql } from 'kysely';
import type { Context } from '../context.ts';
import { resolveNumbers, resolveQuery } from '../reports/report-scope.ts';
import type { RuleRow } from './write-messages.ts';

/**
 * The queries of a rule as they read now: a condition on detections, and the assets that are meant. Throws ApiError BAD_REQUEST for a query
 * that cannot be understood, UNAVAILABLE while the fleet index is built.
 */
export async function resolveRule(
  context: Pick<Context, 'db' | 'fleetIndex' | 'config'>,
  { organizationId, query, assets, scopes }: Pick<RuleRow, 'organizationId' | 'query' | 'assets' | 'scopes'>,
  asOf: Date,
): Promise<{ where: RawBuilder<boolean>; assets: ReadonlySet<number> | null }> {
  const scope = { organizationId, asOf };
  const numbers = await resolveNumbers(context, { ...scope, assets: [...scopes, ...assets] });
  const about = await resolveQuery(context, { ...scope, detections: query ?? undefined });
  const among = numbers === null ? sql<boolean>`true` : sql<boolean>`asset_number = any(${numbers}::integer[])`;
  const where = sql<boolean>`(${among} and ${about.where})`;
  return { where, assets: numbers === null ? null : new Set(numbers) };
}
