import type { Query } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { ApiError } from '../../http/api-error.ts';
import type { Buckets, EventKind, EventQuestion, EventRelation, EventSources } from '../event-kind.ts';
import { compile, forEachMoved, type MovedDetections } from '../moved-detections.ts';
import { pageOfMoved } from '../page-of-moved.ts';
import { countRelation, pageOfRelation } from '../sql-events.ts';

/** Before the window of the fleet index, events of at most so many assets are derived from their histories. */
const maxDerivedAssets = 1000;

/**
 * Detections that opened, closed and opened again: transitions of the fleet index within its window, before it derived from both histories
 * for a few assets. What an asset was found with when its packages were first known is no event: nothing had happened.
 */
export const detectionEvents: EventKind = {
  name: 'detection',
  needs: 'detection:read',
  async page(sources, question, part) {
    const from = await answeredBy(sources, question);
    if (from.relation) return pageOfRelation(sources.db, { kind: 'detection', relation: from.relation, question }, part);
    return pageOfMoved(from, question, part);
  },
  async count(sources, question, buckets) {
    const from = await answeredBy(sources, question);
    if (from.relation) return countRelation(sources.db, { kind: 'detection', relation: from.relation, question }, buckets);
    return countIndex(from, question, buckets);
  },
  describe: async (_, __, rows) =>
    rows.map(({ name, status, cause }) => {
      const why = cause === 'knowledge' ? 'what is known changed' : 'the machine changed';
      return `${name} ${status === 'closed' ? 'is gone' : status === 'reopened' ? 'is found again' : 'is found'}: ${why}`;
    }),
};

interface FromIndex extends MovedDetections {
  readonly relation?: undefined;
}

/** Throws ApiError BAD_REQUEST where neither the index nor the histories of a few assets can answer. */
async function answeredBy(
  { db, fleetIndex }: EventSources,
  question: EventQuestion,
): Promise<FromIndex | { readonly relation: EventRelation }> {
  const { organizationId, from, query, fitting } = question;
  const imports = await loadImports(db, question);
  const index = await fleetIndex.current(organizationId);
  if (from.getTime() >= index.since) return { index, imports };
  const asked = topAssets(query)
    .map((part) => fitting(part))
    .toSorted((a, b) => a.length - b.length)[0];
  const numbers = asked ?? index.table.assets.slice(0, maxDerivedAssets + 1).map(({ number }) => number);
  if (numbers.length > maxDerivedAssets) {
    const since = new Date(index.since).toISOString();
    const message = `query.from: detections that opened or closed before ${since} are told for at most ${maxDerivedAssets} assets at a time: begin later, name the assets with asset:(…), or leave detections out with "not kind:detection"`;
    throw new ApiError('BAD_REQUEST', message);
  }
  return { relation: derivedEvents(question, numbers) };
}

async function loadImports(db: Kysely<Database>, { from, to }: EventQuestion): Promise<Set<number>> {
  const rows = await db
    .selectFrom('knowledgeVersion')
    .select('importedAt')
    .where('importedAt', '>=', from)
    .where('importedAt', '<', to)
    .execute();
  return new Set(rows.map(({ importedAt }) => importedAt.getTime()));
}

/** What the query as a whole asks of the asset. */
function topAssets(query: Query | null): Query[] {
  const parts = query?.kind === 'and' ? query.parts : query ? [query] : [];
  return parts.flatMap((part) => (part.kind === 'nested' && part.field.of === 'asset' ? [part.part] : []));
}

function countIndex(from: FromIndex, question: EventQuestion, buckets: Buckets): number[] {
  const fits = compile(from, question);
  const counts = Array.from({ length: buckets.count }, () => 0);
  forEachMoved(from, question, fits, (moved, assets, whole) => {
    const bucket = Math.min(Math.floor((moved.at - buckets.from) / buckets.stepMs), buckets.count - 1);
    const all = typeof assets === 'number' ? [assets] : assets;
    if (whole) counts[bucket]! += typeof assets === 'number' ? 1 : assets.size;
    else for (const asset of all) if (fits(moved, asset)) counts[bucket]! += 1;
  });
  return counts;
}

/** The same from both histories of these assets: where the stretches in which a check was found began and ended. */
function derivedEvents({ organizationId, from, to }: EventQuestion, numbers: readonly number[]): EventRelation {
  return sql`
    with chosen as materialized (
      select asset.id, asset.number, asset.hostname, (
        select min(at) from inventory_change where organization_id = ${organizationId} and asset_id = asset.id
      ) as birth
      from asset where organization_id = ${organizationId} and number = any(${[...numbers]}::integer[])
    ), stretch as (
      select asset_id, check_number, part, row_number() over (partition by asset_id, check_number order by lower(part)) as place
      from (
        select asset_id, check_number, unnest(range_agg(during * tstzrange(from_at, until_at))) as part
        from presence join verdict using (package_version_id)
        where organization_id = ${organizationId} and asset_id = any(array(select id from chosen))
        group by 1, 2
      ) as found
    ), told as (
      select asset_id, check_number, lower(part) as at, case when place = 1 then 'opened' else 'reopened' end as status from stretch
      union all
      select asset_id, check_number, upper(part), 'closed' from stretch where upper(part) is not null
    )
    select told.at, lpad(told.check_number::text, 10, '0') || ' ' || lpad(chosen.number::text, 10, '0') as key,
      told.check_number || ' ' || told.status as ref, told.status,
      case when exists (select from knowledge_version where imported_at = told.at) then 'knowledge' else 'inventory' end as cause,
      chosen.id as asset_id, chosen.number as asset_number, chosen.hostname, null::text as collector, null::text as package,
      null::text as version, null::text as previous, told.check_number, known.name, known.severity::integer as severity, null::jsonb as detail
    from told
    join chosen on chosen.id = told.asset_id
    join lateral (
      select name, severity from knowledge_check where number = told.check_number order by valid_from desc limit 1
    ) as known on true
    where told.at >= ${from} and told.at < ${to} and told.at > chosen.birth`;
}
