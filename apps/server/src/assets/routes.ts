import { endpoints, facts } from '@vedette/protocol';
import { didYouMean } from '@vedette/query';
import type { FastifyInstance } from 'fastify';
import { revokeAgents } from '../agents/store.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve, serveList } from '../http/serve.ts';
import { findPosture } from '../posture/find-posture.ts';
import { assetColumns } from './asset-columns.ts';
import { findCloneLinks } from './clone-links.ts';
import { findFacts } from './facts.ts';
import { findAssets } from './find-assets.ts';
import { findAgentState, findAsset } from './store.ts';

export function registerAssetRoutes(app: FastifyInstance, context: Context): void {
  const { silence } = context.config;
  serveList(app, context, endpoints.listAssets, {
    columns: assetColumns,
    page: ({ query, caller: { organizationId } }) => {
      const asOf = query.asOf === undefined ? undefined : new Date(query.asOf);
      return findAssets(context, { ...query, silence, organizationId, now: context.clock(), asOf });
    },
  });

  serve(app, context, endpoints.getAsset, async ({ params, query, caller }) => {
    const { organizationId } = caller;
    return {
      asset: await loadAsset(params.assetId, organizationId, query.asOf),
      agent: await findAgentState(context.db, { ...params, organizationId }),
      ...(await findCloneLinks(context.db, { ...params, organizationId })),
    };
  });

  serve(app, context, endpoints.listFacts, async ({ params, query, caller }) => {
    const { organizationId } = caller;
    await loadAsset(params.assetId, organizationId, query.asOf);
    refuseUnknownCollector(params.collector);
    return findFacts(context.db, { ...params, ...query, organizationId, asOf: pastOf(query.asOf) });
  });

  serve(app, context, endpoints.revokeAgent, async ({ params: { assetId }, caller: { organizationId, login } }) => {
    const revoked = await revokeAgents(context.db, { organizationId, assetId }, context.clock());
    if (revoked === null) throw new ApiError('NOT_FOUND', `There is no agent of an asset ${assetId}.`);
    if (revoked > 0)
      context.log.info({ audit: 'agent-revoked', organizationId, assetId, by: login }, 'the key of an agent was revoked');
    return { revoked: true as const };
  });

  serve(app, context, endpoints.getPosture, async ({ params, query, caller }) => {
    const { organizationId } = caller;
    await loadAsset(params.assetId, organizationId, query.asOf);
    return findPosture(context.db, { ...params, organizationId, asOf: pastOf(query.asOf) });
  });

  /** What lies ahead is as it is now. */
  function pastOf(moment: string | undefined): Date | null {
    return moment === undefined || new Date(moment) >= context.clock() ? null : new Date(moment);
  }

  async function loadAsset(assetId: string, organizationId: string, moment?: string) {
    const asOf = pastOf(moment);
    const asset = await findAsset(context, { organizationId, assetId, silence, now: context.clock(), asOf });
    if (!asset) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    return asset;
  }
}

/** An empty list would say that there is none of it on the asset. Throws ApiError NOT_FOUND. */
function refuseUnknownCollector(collector: string): void {
  if (Object.hasOwn(facts, collector)) return;
  const [near] = didYouMean(collector, Object.keys(facts));
  throw new ApiError('NOT_FOUND', `There is no collector "${collector}"${near === undefined ? '' : `; did you mean ${near}?`}`);
}
