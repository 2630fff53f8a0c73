import type { Order, Orders } from '@vedette/protocol';
import type { Context } from '../context.ts';
import type { Subscription } from '../db/notifications.ts';
import { loadUndelivered, noteAnswer, noteDelivered, orderChannel, type OrderTarget, targetKey } from './store.ts';

/** Two machines with one copied key may wait for a moment; more is an attack or a defect. */
const maxWaitersPerAsset = 4;
/** An order that was sent and not answered is sent again, but not in a circle without a pause. */
const repeatMs = 10_000;
const maxPerReply = 16;

interface Waiter {
  readonly wake: () => void;
}

interface Pending {
  readonly order: Order;
  /** Milliseconds since 1970. */
  sentAt: number;
}

/**
 * The orders that agents have to hear of, and the agents that wait for some. A waiting agent costs a timer and an entry here and no
 * query: this process hears of new orders by its subscription, whichever process took them.
 */
export class OrderBoard {
  readonly subscription: Subscription = {
    channel: orderChannel,
    heard: async (payload) => {
      const [organizationId = '', assetId = ''] = payload.split(' ');
      await this.refresh({ organizationId, assetId });
    },
    connected: async () => {
      const { db, clock } = this.#context;
      for (const [key, orders] of await loadUndelivered(db, clock())) this.#post(key, orders);
    },
  };
  readonly #context: Pick<Context, 'db' | 'clock' | 'log'>;
  #pending = new Map<string, Pending[]>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  #isClosed = false;

  constructor(context: Pick<Context, 'db' | 'clock' | 'log'>) {
    this.#context = context;
  }

  /** Who waits for orders at this moment. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Reads one asset's orders anew and wakes its agent. */
  async refresh(target: OrderTarget): Promise<void> {
    const { db, clock } = this.#context;
    const key = targetKey(target);
    this.#post(key, (await loadUndelivered(db, clock(), target)).get(key) ?? []);
  }

  /** Orders that this asset's agent is to hear of now; counts them as sent. */
  async take(target: OrderTarget): Promise<Order[]> {
    const { db, clock, log } = this.#context;
    const now = clock();
    const key = targetKey(target);
    const open = (this.#pending.get(key) ?? []).filter(({ order }) => Date.parse(order.expiresAt) > now.getTime());
    if (open.length > 0) this.#pending.set(key, open);
    else this.#pending.delete(key);
    const due = open.filter(({ sentAt }) => now.getTime() - sentAt >= repeatMs).slice(0, maxPerReply);
    if (due.length === 0) return [];
    for (const each of due) each.sentAt = now.getTime();
    const orders = due.map(({ order }) => order);
    const ids = orders.map(({ orderId }) => orderId);
    await noteDelivered(db, target, ids, now).catch((error: unknown) => {
      log.warn({ err: error }, 'that orders were delivered could not be noted');
    });
    return orders;
  }

  /** Takes answers first, then waits for orders. An abort, the end of the wait and the end of the server all mean none. */
  async hold(target: OrderTarget, { answers, waitSeconds }: Orders, signal: AbortSignal): Promise<Order[]> {
    const { db, clock } = this.#context;
    const key = targetKey(target);
    for (const answer of answers) {
      await noteAnswer(db, target, answer, clock());
      this.#drop(key, answer.orderId);
    }
    const orders = await this.take(target);
    if (orders.length > 0 || waitSeconds === 0 || this.#isClosed || signal.aborted) return orders;
    const waiters = this.#waiting.get(key) ?? new Set();
    if (waiters.size >= maxWaitersPerAsset) return [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { wake: () => resolve() };
    this.#waiting.set(key, waiters.add(waiter));
    const timer = setTimeout(resolve, waitSeconds * 1000);
    signal.addEventListener('abort', waiter.wake, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', waiter.wake);
    waiters.delete(waiter);
    if (waiters.size === 0 && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
    return signal.aborted || this.#isClosed ? [] : this.take(target);
  }

  /** Everybody who waits is answered now: the server goes, and their next request finds another. */
  close(): void {
    this.#isClosed = true;
    for (const waiters of this.#waiting.values()) for (const { wake } of waiters) wake();
  }

  #post(key: string, orders: readonly Order[]): void {
    const known = new Map(this.#pending.get(key)?.map((each) => [each.order.orderId, each.sentAt]));
    if (orders.length === 0) this.#pending.delete(key);
    else
      this.#pending.set(
        key,
        orders.map((order) => ({ order, sentAt: known.get(order.orderId) ?? 0 })),
      );
    if (orders.some(({ orderId }) => !known.has(orderId))) for (const { wake } of this.#waiting.get(key) ?? []) wake();
  }

  #drop(key: string, orderId: string): void {
    const left = (this.#pending.get(key) ?? []).filter(({ order }) => order.orderId !== orderId);
    if (left.length > 0) this.#pending.set(key, left);
    else this.#pending.delete(key);
  }
}
