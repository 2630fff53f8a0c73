import { randomUUID } from 'node:crypto';
import { getOrder, scanAsset } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { findOrder, openOrder, type OrderTarget, toAssetOrder } from './store.ts';

/** Orders as people give them. `onOrder`: there is a new one for this asset. */
export function registerOrderRoutes(
  app: FastifyInstance,
  context: Context,
  onOrder: (target: OrderTarget) => Promise<void>,
): void {
  const { db, clock, log } = context;

  serve(app, context, scanAsset, async ({ params: { assetId }, caller: { organizationId, userId, login } }) => {
    const target = { organizationId, assetId };
    const asset = await db
      .selectFrom('asset')
      .select('hostname')
      .where('organizationId', '=', organizationId)
      .where('id', '=', assetId)
      .executeTakeFirst();
    if (!asset) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const { row, isNew } = await openOrder(db, target, { id: randomUUID(), kind: 'scan', requestedBy: userId, now: clock() });
    const { hostname } = asset;
    if (isNew)
      log.info({ audit: 'order', kind: 'scan', orderId: row.id, organizationId, assetId, hostname, by: login }, 'scan ordered');
    // Its agent may wait at this very process: it need not go around through the database.
    if (isNew) await onOrder(target);
    return toAssetOrder(row, clock());
  });

  serve(app, context, getOrder, async ({ params: { assetId, orderId }, caller: { organizationId } }) => {
    const row = await findOrder(db, { organizationId, assetId }, orderId);
    if (!row) throw new ApiError('NOT_FOUND', `There is no order ${orderId} of this asset.`);
    return toAssetOrder(row, clock());
  });
}
