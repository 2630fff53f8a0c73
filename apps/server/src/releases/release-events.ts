import { listReleaseEvents, type ReleaseEvent } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { loadHostnames } from '../assets/load-hostnames.ts';
import type { Context } from '../context.ts';
import { serve } from '../http/serve.ts';

/** As release-desk.ts and change-rollout.ts write it, as far as people ask. */
const Detail = z.object({ reason: z.string().nullish(), detail: z.string().nullish() });

/** What happened to releases, for whoever asks later what was going on that night. */
export function registerReleaseEvents(app: FastifyInstance, context: Context): void {
  const { db } = context;
  serve(app, context, listReleaseEvents, async ({ query, caller: { organizationId } }) => {
    let events = db.selectFrom('releaseEvent').where('organizationId', '=', organizationId);
    if (query.asset !== undefined) events = events.where('assetId', '=', query.asset);
    if (query.version !== undefined) events = events.where('version', '=', query.version);
    if (query.kind !== undefined) events = events.where('kind', '=', query.kind);
    const { total } = await events.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    const rows = await events.selectAll().orderBy('number', 'desc').limit(query.limit).offset(query.offset).execute();
    const hostnames = await loadHostnames(
      db,
      organizationId,
      rows.flatMap(({ assetId }) => assetId ?? []),
    );
    const items = rows.map(({ number, at, kind, assetId, version, detail: kept }): ReleaseEvent => {
      const { reason, detail } = Detail.parse(kept);
      return {
        number: Number(number),
        at: at.toISOString(),
        kind,
        assetId: assetId as ReleaseEvent['assetId'], // branded
        hostname: hostnames.get(assetId ?? '') ?? null,
        version,
        reason: reason ?? '',
        detail: detail ?? '',
      };
    });
    return { total: Number(total), items };
  });
}
