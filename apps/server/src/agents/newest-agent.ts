import { sql } from 'kysely';

/** Joins `agent` to `asset`: of each the one that enrolled last, or nothing. */
export const newestAgent = sql`left join lateral (
  select version, last_check_in from agent
  where agent.organization_id = asset.organization_id and agent.asset_id = asset.id
  order by enrolled_at desc, id desc limit 1
) as agent on true`;
