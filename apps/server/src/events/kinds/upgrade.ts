import { sql } from 'kysely';
import { z } from 'zod';
import { sqlKind } from '../sql-kind.ts';

/** As release-desk.ts and change-rollout.ts write it. */
const Detail = z.object({ reason: z.string().nullish(), detail: z.string().nullish() });

/** How upgrades of agents ended, and what became of roll-outs. */
export const upgradeEvents = sqlKind({
  name: 'upgrade',
  needs: 'release:read',
  relation: ({ organizationId, from, to }) => sql`
    select release_event.at, lpad(release_event.number::text, 20, '0') as key, release_event.number::text as ref,
      release_event.kind as status, null::text as cause, release_event.asset_id, asset.number as asset_number, asset.hostname,
      null::text as collector, null::text as package, release_event.version, null::text as previous, null::integer as check_number, null::text as name,
      null::integer as severity, release_event.detail
    from release_event
    left join asset on asset.organization_id = release_event.organization_id and asset.id = release_event.asset_id
    where release_event.organization_id = ${organizationId} and release_event.at >= ${from} and release_event.at < ${to}`,
  describe: (_, __, rows) =>
    rows.map(({ status, version, detail }) => {
      const { reason, detail: more } = Detail.parse(detail ?? {});
      const said = [reason, more].filter(Boolean).join(', ');
      const [subject = '', ...what] = status.split('-');
      const named = subject === 'rollout' ? `Roll-out of ${version}` : `Upgrade to ${version}`;
      return `${named}: ${what.join(' ')}${said ? ` (${said})` : ''}`;
    }),
});
