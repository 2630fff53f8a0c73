import { setTimeout as delay } from 'node:timers/promises';
import { longestHoldSeconds, type Order, type OrderAnswer, type Orders, type OrdersReply } from '@vedette/protocol';
import { AgentError, describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { Backoff } from '../schedule/backoff.ts';
import type { OrderRecord } from './order-record.ts';

export interface OrderOutcome {
  readonly state: 'done' | 'failed' | 'refused';
  readonly detail: string;
}

export interface OrderChannelParts {
  readonly assetId: string;
  readonly record: OrderRecord;
  /** One request, held by the platform for up to its `waitSeconds`. */
  readonly ask: (message: Orders, signal: AbortSignal) => Promise<OrdersReply>;
  /** What this agent knows to do, by kind. */
  readonly actions: Readonly<Record<string, (signal: AbortSignal) => Promise<OrderOutcome>>>;
  /** The platform has news for a check-in. */
  readonly onNews: () => void;
  readonly log: Log;
  /** Milliseconds since 1970, by this machine's clock and by the platform's. */
  readonly now: () => number;
  readonly platformNow: () => number;
  readonly random: () => number;
}

/** A platform, or a proxy, that answers sooner than this without an order does not hold requests. */
const leastHoldMs = 1000;
const notHeldPauseMs = 15_000;
/** One that answers so because it has news for a check-in is asked again soon, but not more than so many times in a row. */
const newsPauseMs = 1000;
const mostNews = 3;

/**
 * Hears of orders within a network round trip, without a port that listens: a request that the platform holds. Where it is cut or
 * refused, orders come with the replies to check-ins instead (`take`). Each is carried out at most once and always answered.
 */
export class OrderChannel {
  readonly #parts: OrderChannelParts;
  readonly #backoff: Backoff;
  #signal: AbortSignal = AbortSignal.abort();
  #newsInARow = 0;

  constructor(parts: OrderChannelParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.random);
  }

  /** Runs until the signal. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    while (!signal.aborted) {
      const pauseMs = await this.#round(signal);
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined); // the signal ends the loop
    }
  }

  /** Orders that came another way. */
  take(orders: readonly Order[]): void {
    for (const order of orders) if (!this.#signal.aborted) this.#take(order);
  }

  /** Milliseconds to wait before the next one. */
  async #round(signal: AbortSignal): Promise<number> {
    const { log } = this.#parts;
    const began = performance.now();
    try {
      const { orders, checkIn } = await this.#exchange(longestHoldSeconds, signal);
      this.#backoff.succeeded();
      this.take(orders);
      const isHeld = orders.length > 0 || performance.now() - began >= leastHoldMs;
      this.#newsInARow = checkIn && !isHeld ? this.#newsInARow + 1 : 0;
      if (isHeld) return 0;
      const mayComeSoon = checkIn && this.#newsInARow <= mostNews;
      return (mayComeSoon ? newsPauseMs : notHeldPauseMs) * (0.5 + this.#parts.random());
    } catch (error) {
      if (signal.aborted) return 0;
      const pauseMs = this.#backoff.failed(error instanceof AgentError ? error.retryAfterSeconds : 0);
      log('info', 'orders-not-held', { problem: describeError(error), retryInSeconds: Math.round(pauseMs / 1000) });
      return pauseMs;
    }
  }

  async #exchange(
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly orders: readonly Order[]; readonly checkIn: boolean }> {
    const { record, ask } = this.#parts;
    const answers = record.unsent.slice(0, 16);
    const { orders, checkIn = false } = await ask({ waitSeconds, answers }, signal);
    record.markSent(answers);
    if (checkIn) this.#parts.onNews();
    return { orders, checkIn };
  }

  #take(order: Order): void {
    const { record, assetId, actions, platformNow } = this.#parts;
    const known = record.get(order.orderId);
    // Begun already: the platform has not heard the answer yet, which goes with the next request.
    if (known) return known.state === 'running' ? undefined : record.put(known);
    const action = Object.hasOwn(actions, order.kind) ? actions[order.kind] : undefined;
    if (order.assetId !== assetId) return this.#answer(order, 'refused', 'This agent is another asset.');
    if (Date.parse(order.expiresAt) < platformNow()) return this.#answer(order, 'expired', 'It came too late.');
    if (!action) return this.#answer(order, 'refused', `This agent does not know orders of the kind ${order.kind}.`);
    this.#answer(order, 'running', '');
    this.#parts.log('info', 'order-begun', { orderId: order.orderId, kind: order.kind });
    void this.#carryOut(order, action);
  }

  async #carryOut(order: Order, action: (signal: AbortSignal) => Promise<OrderOutcome>): Promise<void> {
    const outcome = await action(this.#signal).catch(
      (error: unknown) => ({ state: 'failed', detail: describeError(error) }) as const,
    );
    // Left as running: the next process answers that it was interrupted.
    if (this.#signal.aborted) return;
    this.#answer(order, outcome.state, outcome.detail);
    this.#parts.log('info', 'order-ended', { orderId: order.orderId, kind: order.kind, state: outcome.state });
  }

  #answer({ orderId }: Order, state: OrderAnswer['state'], detail: string): void {
    this.#parts.record.put({ orderId, state, detail, at: new Date(this.#parts.now()).toISOString() });
    // Not with the held request, which is under way: who ordered wants to see it now. When this fails, the next round takes it along.
    this.#exchange(0, this.#signal).then(
      ({ orders }) => this.take(orders),
      () => undefined,
    );
  }
}
