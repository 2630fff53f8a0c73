import { sql } from 'kysely';
import { sqlKind } from '../sql-kind.ts';

/**
 * Agents that enrolled, whose key was revoked, whose machine turned out to be a copy, and those that are silent: of these the moment since
 * when, as long as it lasts. What was silent and is heard of again is not kept.
 */
export const agentEvents = sqlKind({
  name: 'agent',
  needs: 'asset:read',
  relation: ({ organizationId, from, to, now, silentAfter }) => {
    // Worked out here: PostgreSQL would do it again for each asset.
    const [lastFrom, lastTo, lastNow] = [from, to, now].map((moment) => new Date(moment.getTime() - silentAfter * 1000));
    return sql`
    select told.at, told.asset_id || ' ' || told.status as key, told.status as ref, told.status, null::text as cause,
      told.asset_id, asset.number as asset_number, asset.hostname, null::text as collector, null::text as package, told.version,
      null::text as previous, null::integer as check_number, null::text as name, null::integer as severity, null::jsonb as detail
    from (
      select enrolled_at as at, 'enrolled' as status, asset_id, version from agent
      where organization_id = ${organizationId} and enrolled_at >= ${from} and enrolled_at < ${to}
      union
      select revoked_at, 'revoked', asset_id, version from agent
      where organization_id = ${organizationId} and revoked_at >= ${from} and revoked_at < ${to}
      union
      select first_heard, 'cloned', asset_id, null from asset_identity
      where organization_id = ${organizationId} and state = 'clone' and first_heard >= ${from} and first_heard < ${to}
      union
      select last_seen + make_interval(secs => ${silentAfter}), 'silent', id, null from asset
      where organization_id = ${organizationId} and last_seen >= ${lastFrom} and last_seen < ${lastTo} and last_seen <= ${lastNow}
    ) as told
    left join asset on asset.organization_id = ${organizationId} and asset.id = told.asset_id`;
  },
  describe: (_, __, rows) => rows.map(({ status }) => sentences[status] ?? status),
});

const sentences: Readonly<Record<string, string>> = {
  enrolled: 'The agent enrolled',
  revoked: 'The key of the agent was revoked',
  cloned: 'A copy of the machine with the same key was heard of',
  silent: 'Nothing has been heard of the agent for too long',
};
