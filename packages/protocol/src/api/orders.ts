import { z } from 'zod';
import { OrderState } from '../agent/orders.ts';
import { endpoint } from '../endpoint.ts';
import { AssetId, Instant, OrderId } from '../ids.ts';

export const AssetOrder = z.object({
  orderId: OrderId,
  assetId: AssetId,
  kind: z.string(),
  state: OrderState,
  requestedAt: Instant,
  /** Not begun after it. */
  expiresAt: Instant,
  /** By the platform's clock, as are the next two. */
  deliveredAt: Instant.nullable(),
  startedAt: Instant.nullable(),
  finishedAt: Instant.nullable(),
  detail: z.string(),
});
export type AssetOrder = z.infer<typeof AssetOrder>;

export const scanAsset = endpoint({
  name: 'scanAsset',
  summary: 'Order a full scan now; an order that is still open is returned instead of a second one.',
  method: 'POST',
  path: '/assets/:assetId/scans',
  permission: 'asset:scan',
  params: z.object({ assetId: AssetId }),
  reply: AssetOrder,
  errors: ['NOT_FOUND'],
});

export const getOrder = endpoint({
  name: 'getOrder',
  summary: 'What became of an order.',
  method: 'GET',
  path: '/assets/:assetId/orders/:orderId',
  permission: 'asset:read',
  params: z.object({ assetId: AssetId, orderId: OrderId }),
  reply: AssetOrder,
  errors: ['NOT_FOUND'],
});
