import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { loadDecisions } from '../decisions/decisions.ts';
import { ApiError } from '../http/api-error.ts';
import { serve, serveList } from '../http/serve.ts';
import { askWhatIf, countGroups } from './count-detections.ts';
import { readCursor } from './cursor.ts';
import { detectionColumns } from './detection-columns.ts';
import { explainDetection } from './explain-detection.ts';
import { findByQuery } from './find-by-query.ts';
import { findInFleet, findInPast } from './find-in-fleet.ts';
import { orderOf } from './order-detections.ts';

export function registerDetectionRoutes(app: FastifyInstance, context: Context): void {
  serveList(app, context, endpoints.listDetections, {
    columns: detectionColumns,
    page: ({ query, caller: { organizationId } }) => {
      const asOf = query.asOf === undefined ? null : new Date(query.asOf);
      const isWhole = query.format === 'csv';
      const sort = query.sort ?? (isWhole ? 'asset' : 'worst');
      const order = orderOf({ ...query, sort });
      const after = query.after === undefined || order ? undefined : readCursor(query.after, sort);
      const wish = { ...query, sort, after, order, organizationId, isWhole };
      if (query.query !== undefined) return findByQuery(context, { ...wish, query: query.query, asOf });
      return asOf ? findInPast(context, { ...wish, asOf }) : findInFleet(context, { ...wish, asOf: context.clock() });
    },
  });

  serve(app, context, endpoints.countDetections, ({ query, caller }) =>
    countGroups(context, { ...query, organizationId: caller.organizationId }),
  );

  serve(app, context, endpoints.whatIf, ({ body, caller }) => askWhatIf(context, caller.organizationId, body));

  serve(app, context, endpoints.explainDetection, async ({ params, caller }) => {
    const ref = { ...params, organizationId: caller.organizationId };
    const scope = { ...ref, asOf: context.clock(), silence: context.config.silence };
    const decisions = await loadDecisions(context, scope, null);
    const explanation = await explainDetection(context.db, ref, { ...scope, decisions });
    if (!explanation) throw new ApiError('NOT_FOUND', `Check ${params.check} was never found on asset ${params.assetId}.`);
    return explanation;
  });
}
