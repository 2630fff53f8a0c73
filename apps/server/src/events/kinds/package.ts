import { postureFact } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import { type RawBuilder, sql } from 'kysely';
import { testCondition } from '../../query/test-condition.ts';
import { sqlKind } from '../sql-kind.ts';

/** What changes more package versions at once is one event: a first report, an upgrade to another release. */
const maxSingle = 1000;

/**
 * Packages that came, went or changed, from the history of inventories: one event for each name on an asset. The first report of a
 * collector, and what changes very much at once, is a single event without names.
 */
export const packageEvents = sqlKind({
  name: 'package',
  needs: 'asset:read',
  relation: ({ organizationId, from, to, query }) => {
    const isWanted = sql`organization_id = ${organizationId} and at >= ${from} and at < ${to} and collector <> ${postureFact.name}
      and (${isSome(sql`added`)} or ${isSome(sql`removed`)}) and ${touches(query)}`;
    const isMany = sql`(change = 1 or cardinality(added) + cardinality(removed) > ${maxSingle})`;
    return sql`
    select told.at, concat_ws(' ', told.asset_id, told.collector, lpad(told.change::text, 10, '0'), told.ref) as key,
      concat_ws(' ', told.collector, told.change, told.ref) as ref, told.status, null::text as cause, told.asset_id,
      asset.number as asset_number, asset.hostname, told.collector, told.package, told.version, told.previous,
      null::integer as check_number, null::text as name, null::integer as severity,
      case when told.status = 'reported' then jsonb_build_object('added', told.added, 'removed', told.removed) end as detail
    from (
      select asset_id, collector, change, at, cardinality(added) as added, cardinality(removed) as removed,
        null::text as ref, 'reported' as status, null::text as package, null::text as version, null::text as previous
      from inventory_change where ${isWanted} and ${isMany}
      union all
      select asset_id, collector, change, at, null, null, item.name || ' ' || item.architecture || ' ' || item.ecosystem,
        case when item.version is null then 'removed' when item.previous is null then 'installed'
          when item.version = item.previous then 'changed' else 'upgraded' end, item.name, item.version, item.previous
      from (select * from inventory_change where ${isWanted} and not ${isMany}) as entry
      cross join lateral (
        select name, architecture, ecosystem,
          string_agg(distinct version, ', ' order by version) filter (where is_new) as version,
          string_agg(distinct version, ', ' order by version) filter (where not is_new) as previous
        from (
          select unnest(entry.added) as id, true as is_new
          union all
          select unnest(entry.removed), false
        ) as one
        join package_version using (id)
        group by 1, 2, 3
      ) as item
    ) as told
    left join asset on asset.organization_id = ${organizationId} and asset.id = told.asset_id`;
  },
  describe: (_, __, rows) =>
    rows.map(({ status, package: name, version, previous, collector, detail }) => {
      if (status === 'reported') {
        const [added, removed] = [Number(detail?.['added']), Number(detail?.['removed'])];
        return `${collector} reported ${added} packages${removed > 0 ? ` in place of ${removed}` : ''}`;
      }
      if (status === 'upgraded') return `${name} ${previous} became ${version}`;
      return `${name} ${version ?? previous} was ${status}`;
    }),
});

/** Whether an array is not empty, by its size: to compare it PostgreSQL would unpack each, which takes most of the time. */
function isSome(numbers: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`pg_column_size(${numbers}) > pg_column_size('{}'::integer[])`;
}

/**
 * A condition on inventory_change that every entry passes in which something can fit: where the query as a whole asks for a package, only
 * entries with one of its versions have to be taken apart.
 */
function touches(query: Query | null): RawBuilder<unknown> {
  const parts = query?.kind === 'and' ? query.parts : query ? [query] : [];
  const tests = parts.flatMap((part) => (part.kind === 'test' && part.field.name === 'package' ? [part] : []));
  if (tests.length === 0) return sql`true`;
  const fits = tests.map(({ field, test }) => testCondition(sql`name`, field, test));
  const ids = sql`array(select id from package_version where ${sql.join(fits, sql` and `)})`;
  return sql`(added && ${ids} or removed && ${ids})`;
}
