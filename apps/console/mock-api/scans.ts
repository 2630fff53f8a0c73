import type { AssetOrder } from '@vedette/protocol';

/** Orders to scan, each with the number of times that somebody asked what became of it. */
const scans = new Map<string, { readonly order: AssetOrder; asked: number }>();
/** How a scan looks the first, second and third time that it is asked for. */
const states = ['delivered', 'running', 'done'] as const;

/** The scan of this asset that is still open, or a new one. */
export function orderScan(assetId: string): AssetOrder {
  const open = [...scans.values()].find(({ order, asked }) => order.assetId === assetId && asked < states.length);
  if (open) return open.order;
  const requestedAt = new Date();
  const order: AssetOrder = {
    orderId: crypto.randomUUID() as AssetOrder['orderId'], // a fixture mints ids
    assetId: assetId as AssetOrder['assetId'],
    kind: 'scan',
    state: 'queued',
    requestedAt: requestedAt.toISOString(),
    expiresAt: new Date(requestedAt.getTime() + 600_000).toISOString(),
    deliveredAt: null,
    startedAt: null,
    finishedAt: null,
    detail: '',
  };
  scans.set(order.orderId, { order, asked: 0 });
  return order;
}

/** Null for an order that was never given. */
export function scanOrder(orderId: string): AssetOrder | null {
  const scan = scans.get(orderId);
  if (!scan) return null;
  const state = states[Math.min(scan.asked++, states.length - 1)] ?? 'done';
  const at = new Date().toISOString();
  const startedAt = state === 'delivered' ? null : at;
  return { ...scan.order, state, deliveredAt: at, startedAt, finishedAt: state === 'done' ? at : null };
}
