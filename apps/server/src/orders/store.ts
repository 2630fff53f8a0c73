import type { AssetOrder, Order, OrderAnswer } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Whose orders: the asset is never looked up without its organization. */
export interface OrderTarget {
  readonly organizationId: string;
  readonly assetId: string;
}

type Row = Selectable<Database['agentOrder']>;

/** Channel of NOTIFY; the payload is targetKey. */
export const orderChannel = 'vedette_order';
/** Orders are for now: what an agent does not hear of so soon, nobody waits for any more. */
const lifetimeMs = 10 * 60_000;
/** An agent that began and was never heard of again does not keep an asset from being ordered anew. */
const longestRunMs = 60 * 60_000;

export function targetKey({ organizationId, assetId }: OrderTarget): string {
  return `${organizationId} ${assetId}`;
}

/** The open order of this kind, or a new one; tells every server process of a new one. */
export async function openOrder(
  db: Kysely<Database>,
  target: OrderTarget,
  wish: { readonly id: string; readonly kind: string; readonly requestedBy: string; readonly now: Date },
): Promise<{ readonly row: Row; readonly isNew: boolean }> {
  const { id, kind, requestedBy, now } = wish;
  return db.transaction().execute(async (transaction) => {
    // Two who press the button at once shall find the same order.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`order ${targetKey(target)}`}, 0))`.execute(transaction);
    const open = await transaction
      .selectFrom('agentOrder')
      .selectAll()
      .where('organizationId', '=', target.organizationId)
      .where('assetId', '=', target.assetId)
      .where('kind', '=', kind)
      .where((is) =>
        is.or([
          is.and([is('state', 'in', ['queued', 'delivered']), is('expiresAt', '>', now)]),
          is.and([is('state', '=', 'running'), is('startedAt', '>', new Date(now.getTime() - longestRunMs))]),
        ]),
      )
      .executeTakeFirst();
    if (open) return { row: open, isNew: false };
    const expiresAt = new Date(now.getTime() + lifetimeMs);
    const row = await transaction
      .insertInto('agentOrder')
      .values({ ...target, id, kind, state: 'queued', requestedBy, requestedAt: now, expiresAt })
      .returningAll()
      .executeTakeFirstOrThrow();
    await sql`select pg_notify(${orderChannel}, ${targetKey(target)})`.execute(transaction);
    return { row, isNew: true };
  });
}

export async function findOrder(db: Kysely<Database>, target: OrderTarget, id: string): Promise<Row | undefined> {
  return db
    .selectFrom('agentOrder')
    .selectAll()
    .where('organizationId', '=', target.organizationId)
    .where('assetId', '=', target.assetId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Orders that agents have to hear of, by targetKey: of one asset, or of all. */
export async function loadUndelivered(db: Kysely<Database>, now: Date, target?: OrderTarget): Promise<Map<string, Order[]>> {
  let query = db
    .selectFrom('agentOrder')
    .select(['organizationId', 'assetId', 'id', 'kind', 'expiresAt'])
    .where('state', 'in', ['queued', 'delivered'])
    .where('expiresAt', '>', now);
  if (target) query = query.where('organizationId', '=', target.organizationId).where('assetId', '=', target.assetId);
  const orders = new Map<string, Order[]>();
  for (const row of await query.orderBy('requestedAt').execute()) {
    const key = targetKey(row);
    const order = { orderId: row.id, assetId: row.assetId, kind: row.kind, expiresAt: row.expiresAt.toISOString() } as Order; // ids of ours
    orders.set(key, [...(orders.get(key) ?? []), order]);
  }
  return orders;
}

export async function noteDelivered(db: Kysely<Database>, target: OrderTarget, ids: readonly string[], now: Date): Promise<void> {
  await db
    .updateTable('agentOrder')
    .set({ state: 'delivered', deliveredAt: now })
    .where('organizationId', '=', target.organizationId)
    .where('assetId', '=', target.assetId)
    .where('id', 'in', ids)
    .where('state', '=', 'queued')
    .execute();
}

/** Takes what an agent says of its own orders; what is final stays. An answer to an order of anybody else changes nothing. */
export async function noteAnswer(db: Kysely<Database>, target: OrderTarget, answer: OrderAnswer, now: Date): Promise<void> {
  const { orderId, state, detail } = answer;
  await db
    .updateTable('agentOrder')
    .set((is) => ({
      state,
      detail,
      deliveredAt: is.fn.coalesce('deliveredAt', is.val(now)),
      ...(state === 'running' ? { startedAt: now } : { finishedAt: now }),
    }))
    .where('organizationId', '=', target.organizationId)
    .where('assetId', '=', target.assetId)
    .where('id', '=', orderId)
    .where('state', 'in', ['queued', 'delivered', 'running'])
    .execute();
}

/** As the public API shows it; an order that nobody heard of in time has expired. */
export function toAssetOrder(row: Row, now: Date): AssetOrder {
  const isMissed = (row.state === 'queued' || row.state === 'delivered') && row.expiresAt <= now;
  return {
    orderId: row.id,
    assetId: row.assetId,
    kind: row.kind,
    state: isMissed ? 'expired' : row.state,
    requestedAt: row.requestedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    detail: isMissed ? 'The agent did not answer in time.' : row.detail,
  } as AssetOrder; // branded ids from our own database
}
