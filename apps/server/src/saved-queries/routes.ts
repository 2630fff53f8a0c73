import { endpoints, maxSavedQueries, type Permission, type QueryEntity } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { findFieldValues } from '../query/field-values.ts';
import { readQuery } from '../query/read-query.ts';
import { countSavedQueries, deleteSavedQuery, findSavedQueries, upsertSavedQuery } from './store.ts';

const neededFor: Readonly<Record<QueryEntity, Permission>> = {
  asset: 'asset:read',
  detection: 'detection:read',
  check: 'check:read',
  software: 'asset:read',
  event: 'asset:read',
};

export function registerSavedQueryRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  serve(app, context, endpoints.listFieldValues, async ({ query, caller: { organizationId } }) => ({
    items: await findFieldValues(context, { ...query, organizationId }),
  }));

  serve(app, context, endpoints.listSavedQueries, async ({ caller }) => {
    const items = await findSavedQueries(db, caller);
    // What somebody may not ask for may be named in what others ask for.
    return { items: items.filter(({ about }) => caller.permissions.has(neededFor[about])) };
  });

  serve(app, context, endpoints.saveQuery, async ({ body, caller }) => {
    if (body.shared && !caller.permissions.has('query:share'))
      throw new ApiError('FORBIDDEN', `The role "${caller.role}" does not include query:share; save it for yourself`);
    readQuery(body.query, body.about, clock());
    const known = await findSavedQueries(db, caller);
    const isNew = !known.some(({ isOwn, name }) => isOwn && name === body.name);
    if (isNew && (await countSavedQueries(db, caller)) >= maxSavedQueries)
      throw new ApiError('CONFLICT', `There are ${maxSavedQueries} saved queries of yours; delete one first.`);
    const { organizationId, userId } = caller;
    const id = await upsertSavedQuery(db, { ...body, organizationId, userId, changedAt: clock() });
    const saved = (await findSavedQueries(db, caller)).find(({ savedQueryId }) => savedQueryId === id);
    if (!saved) throw new ApiError('CONFLICT', 'The query was deleted at the same moment.');
    return saved;
  });

  serve(app, context, endpoints.deleteSavedQuery, async ({ params, caller }) => {
    const { organizationId, userId } = caller;
    const wish = { ...params, organizationId, userId, mayShared: caller.permissions.has('query:share') };
    if (!(await deleteSavedQuery(db, wish)))
      throw new ApiError('NOT_FOUND', `There is no saved query ${params.savedQueryId} of yours.`);
    return { deleted: true as const };
  });
}
