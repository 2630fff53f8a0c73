import { sql } from 'kysely';
import { sqlKind } from '../sql-kind.ts';

/** Imports of knowledge that changed something, each a version of it. */
export const knowledgeEvents = sqlKind({
  name: 'knowledge',
  needs: 'knowledge:read',
  relation: ({ from, to }) => sql`
    select imported_at as at, lpad(version::text, 10, '0') as key, version::text as ref, 'imported' as status, null::text as cause,
      null::uuid as asset_id, null::integer as asset_number, null::text as hostname, null::text as collector, null::text as package,
      version::text as version, null::text as previous, null::integer as check_number, null::text as name, null::integer as severity,
      jsonb_build_object('checks', checks, 'starter', starter) as detail
    from knowledge_version where imported_at >= ${from} and imported_at < ${to}`,
  describe: (_, __, rows) =>
    rows.map(({ version, detail }) => {
      const of = detail?.['starter'] === true ? 'the starter set' : 'the feeds';
      return `Version ${version} of the knowledge came from ${of}: ${String(detail?.['checks'])} checks`;
    }),
});
