import type { Order, Orders } from '@vedette/protocol';
import type { PoolClient } from 'pg';
import type { Context } from '../context.ts';
import { loadUndelivered, noteAnswer, noteDelivered, orderChannel, type OrderTarget, targetKey } from './store.ts';

/** Two machines with one copied key may wait for a moment; more is an attack or a defect. */
const maxWaitersPerAsset = 4;
const reconnectMs = 1000;
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
 * query: this process hears of new orders by LISTEN, whichever process took them.
 */
export class OrderBoard implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'pool' | 'clock' | 'log'>;
  #pending = new Map<string, Pending[]>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  #listener: PoolClient | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(context: Pick<Context, 'db' | 'pool' | 'clock' | 'log'>) {
    this.#context = context;
  }

  /** Begins to listen; tries again by itself while the database is away. */
  async start(): Promise<void> {
    if (this.#isClosed) return;
    const { pool, db, clock, log } = this.#context;
    try {
      const client = await pool.connect();
      client.on('notification', ({ payload = '' }) => void this.#heardOf(payload));
      client.once('error', (error) => {
        log.warn({ err: error }, 'the connection that hears of orders broke');
        this.#dropListener(error);
        this.#startLater();
      });
      this.#listener = client;
      await client.query(`listen ${orderChannel}`);
      // After LISTEN, so that none falls in between.
      for (const [key, orders] of await loadUndelivered(db, clock())) this.#post(key, orders);
      // The server may have been closed meanwhile.
      if (this.#isClosed) this.#dropListener();
    } catch (error) {
      log.warn({ err: error }, 'orders cannot be heard of yet');
      this.#dropListener(error as Error);
      this.#startLater();
    }
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
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#retry) clearTimeout(this.#retry);
    this.#dropListener();
    for (const waiters of this.#waiting.values()) for (const { wake } of waiters) wake();
  }

  async #heardOf(payload: string): Promise<void> {
    const [organizationId = '', assetId = ''] = payload.split(' ');
    try {
      await this.refresh({ organizationId, assetId });
    } catch (error) {
      this.#context.log.warn({ err: error }, 'a new order could not be read');
    }
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

  #dropListener(error?: Error): void {
    const client = this.#listener;
    this.#listener = null;
    client?.removeAllListeners('notification');
    // Not back into the pool: it would go on listening there.
    client?.release(error ?? true);
  }

  #startLater(): void {
    if (!this.#isClosed) this.#retry = setTimeout(() => void this.start(), reconnectMs).unref();
  }
}
