import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { explainDetection } from './explain-detection.ts';
import { findByQuery } from './find-by-query.ts';
import { findInFleet, findInPast } from './find-in-fleet.ts';

export function registerDetectionRoutes(app: FastifyInstance, context: Context): void {
  serve(app, context, endpoints.listDetections, async ({ query, caller }) => {
    const { organizationId } = caller;
    if (query.query !== undefined) {
      return findByQuery(context, {
        ...query,
        query: query.query,
        asOf: query.asOf ? new Date(query.asOf) : null,
        organizationId,
      });
    }
    if (query.asOf !== undefined) return findInPast(context, { ...query, asOf: new Date(query.asOf), organizationId });
    return findInFleet(context, { ...query, asOf: context.clock(), organizationId });
  });

  serve(app, context, endpoints.explainDetection, async ({ params, caller }) => {
    const explanation = await explainDetection(context.db, { ...params, organizationId: caller.organizationId }, context.clock());
    if (!explanation) throw new ApiError('NOT_FOUND', `Check ${params.check} was never found on asset ${params.assetId}.`);
    return explanation;
  });
}
