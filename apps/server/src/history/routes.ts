import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { mayUse } from '../auth/admit.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { findChanges } from './compare-moments.ts';
import { loadDeadlines, saveDeadlines } from './deadlines.ts';
import { findTimeline } from './timeline.ts';
import { loadTrends } from './trends.ts';

export function registerHistoryRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock, fleetIndex, startedAt } = context;

  serve(app, context, endpoints.compareMoments, ({ query, caller: { organizationId } }) => {
    const to = query.to === undefined ? clock() : new Date(query.to);
    const now = clock();
    return findChanges(context, { ...query, organizationId, from: new Date(query.from), to: to > now ? now : to });
  });

  serve(app, context, endpoints.getTrends, ({ query: { days, asOf }, caller: { organizationId } }) =>
    loadTrends(context, { organizationId, days, asOf: asOf === undefined ? undefined : new Date(asOf) }),
  );

  serve(app, context, endpoints.getDeadlines, ({ caller: { organizationId } }) => loadDeadlines(db, organizationId));

  serve(app, context, endpoints.setDeadlines, async ({ body, caller: { organizationId, login } }) => {
    await saveDeadlines(db, { organizationId, deadlines: body });
    context.log.info({ audit: 'deadlines-set', organizationId, by: login, deadlines: body }, 'deadlines were set');
    return body;
  });

  serve(app, context, endpoints.getPulse, async ({ caller: { organizationId } }) => {
    const { revision } = await fleetIndex.current(organizationId);
    // The index counts from its start.
    return { revision: `${startedAt.getTime()}-${revision}` };
  });

  serve(app, context, endpoints.getTimeline, async ({ params: { assetId }, query, caller }) => {
    const { organizationId } = caller;
    const before = query.before === undefined ? null : new Date(query.before);
    const timeline = await findTimeline(db, {
      organizationId,
      assetId,
      before,
      limit: query.limit,
      withDetections: mayUse(caller, 'detection:read'),
    });
    // Whatever is known of an asset begins with its enrollment.
    if (before === null && timeline.items.length === 0) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    return timeline;
  });
}
