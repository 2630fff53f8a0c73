import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve, serveList } from '../http/serve.ts';
import { checkColumns } from './check-columns.ts';
import { findChecks } from './find-checks.ts';
import type { KnowledgeKeeper } from './knowledge-keeper.ts';
import { replayVerdicts } from './replay-verdicts.ts';
import { findCheck, loadKnowledge } from './store.ts';
import { loadFeedState, saveFeedState } from './stored-input.ts';

export function registerKnowledgeRoutes(app: FastifyInstance, context: Context, keeper: KnowledgeKeeper): void {
  serve(app, context, endpoints.getKnowledge, () => loadKnowledge(context.db, context.clock(), keeper.refreshing));

  serve(app, context, endpoints.refreshKnowledge, async () => {
    if (keeper.refreshing) throw new ApiError('CONFLICT', 'A refresh is running already; wait for it to end.');
    const { succeeded, problems } = await keeper.refresh();
    if (succeeded === 0 && problems.length > 0) {
      throw new ApiError('UNAVAILABLE', `No feed could be read, the knowledge of before stays in use. ${problems.join(' ')}`);
    }
    return loadKnowledge(context.db, context.clock(), keeper.refreshing);
  });

  serve(app, context, endpoints.replayVerdicts, ({ query, caller }) =>
    replayVerdicts(context.db, { ...query, organizationId: caller.organizationId }),
  );
  serve(app, context, endpoints.acceptFeed, async ({ params: { feed }, caller }) => {
    const state = await loadFeedState(context.db, feed);
    if (!state) throw new ApiError('NOT_FOUND', `There is no feed "${feed}".`);
    if (keeper.refreshing) throw new ApiError('CONFLICT', 'A refresh is running; wait for it to end.');
    const { refusedRecords, records } = state;
    if (refusedRecords === null) throw new ApiError('CONFLICT', `Nothing of ${feed} was refused for having too few records.`);
    await saveFeedState(context.db, { feed, acceptedRecords: refusedRecords });
    const audited = {
      feed,
      records,
      acceptedRecords: refusedRecords,
      userId: caller.userId,
      organizationId: caller.organizationId,
    };
    context.log.info(audited, 'a feed with fewer records than before was accepted');
    const { problems } = await keeper.refresh([feed]);
    if (problems.length > 0) throw new ApiError('UNAVAILABLE', `It is accepted, but could not be read. ${problems.join(' ')}`);
    return loadKnowledge(context.db, context.clock(), keeper.refreshing);
  });

  serveList(app, context, endpoints.listChecks, {
    columns: checkColumns,
    page: ({ query, caller: { organizationId } }) => {
      const asOf = query.asOf === undefined ? undefined : new Date(query.asOf);
      return findChecks(context, { ...query, organizationId, now: context.clock(), asOf });
    },
  });

  serve(app, context, endpoints.getCheck, async ({ params, caller }) => {
    const { organizationId } = caller;
    const found = await findCheck(context, { organizationId, number: params.number });
    if (!found) throw new ApiError('NOT_FOUND', `The knowledge base has no check ${params.number}.`);
    return found;
  });
}
