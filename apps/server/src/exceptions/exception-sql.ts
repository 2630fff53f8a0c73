import { type RawBuilder, sql } from 'kysely';
import type { Decisions } from '../decisions/decisions.ts';

/** Whether an exception, one of these ids, covers a detection, as a condition on rows with open, check_number, package_version_ids and asset_number. */
export function coveredSql(
  decisions: Decisions,
  organizationId: string,
  isMeant: (exceptionId: string) => boolean = () => true,
): RawBuilder<boolean> {
  const exceptions = decisions.exceptions().filter(({ exceptionId }) => isMeant(exceptionId));
  if (exceptions.length === 0) return sql<boolean>`false`;
  const everywhere = exceptions.flatMap(({ exceptionId, assets }) => (assets === null ? [exceptionId] : []));
  const somewhere = exceptions.flatMap(({ exceptionId, assets }) =>
    assets === null ? [] : [sql`(exception_id = ${exceptionId} and asset_number = any(${[...assets]}::integer[]))`],
  );
  return sql<boolean>`(detection.open and exists (
    select from exception_check
    where organization_id = ${organizationId} and exception_check.check_number = detection.check_number
      and (exception_check.package_version_ids is null or detection.package_version_ids <@ exception_check.package_version_ids)
      and (${sql.join([sql`exception_id = any(${everywhere}::uuid[])`, ...somewhere], sql` or `)})))`;
}
