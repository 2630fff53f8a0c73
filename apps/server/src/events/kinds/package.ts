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
  relation: ({ organizationId, from, to, query }) => sql`
    select entry.at,
      concat_ws(' ', lpad(asset.number::text, 10, '0'), entry.collector, lpad(entry.change::text, 10, '0'), item.ref) as key,
      concat_ws(' ', entry.collector, entry.change, item.ref) as ref, item.status, null::text as cause,
      asset.id as asset_id, asset.number as asset_number, entry.collector, item.package, item.version, item.previous,
      null::integer as check_number, null::text as name, null::integer as severity,
      case when item.status = 'reported'
        then jsonb_build_object('added', cardinality(entry.added), 'removed', cardinality(entry.removed)) end as detail
    from (
      select *, change = 1 or cardinality(added) + cardinality(removed) > ${maxSingle} as is_many from inventory_change
      where organization_id = ${organizationId} and at >= ${from} and at < ${to} and collector <> ${postureFact.name}
        and (added <> '{}' or removed <> '{}') and ${touches(query)}
    ) as entry
    join asset on asset.organization_id = entry.organization_id and asset.id = entry.asset_id
    cross join lateral (
      select null::text as ref, 'reported' as status, null::text as package, null::text as version, null::text as previous
      where entry.is_many
      union all
      select name || ' ' || architecture || ' ' || ecosystem,
        case when version is null then 'removed' when previous is null then 'installed'
          when version = previous then 'changed' else 'upgraded' end, name, version, previous
      from (
        select name, architecture, ecosystem,
          string_agg(distinct version, ', ' order by version) filter (where is_new) as version,
          string_agg(distinct version, ', ' order by version) filter (where not is_new) as previous
        from (
          select unnest(entry.added) as id, true as is_new
          union all
          select unnest(entry.removed), false
        ) as one
        join package_version using (id)
        where not entry.is_many
        group by 1, 2, 3
      ) as named
    ) as item`,
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
