import { join } from 'node:path';
import type { OrderAnswer } from '@vedette/protocol';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';

const maxFileBytes = 64 * 1024;
/** More than the platform keeps open; older ones have expired. */
const maxOrders = 64;

export interface RecordedOrder extends OrderAnswer {
  /** The platform has this answer. */
  readonly isSent: boolean;
}

/**
 * Which orders were begun and how they ended, on disk before anything is done: so that none is carried out twice, and each is answered,
 * whatever happens in between.
 */
export class OrderRecord {
  readonly #file: string;
  #orders: readonly RecordedOrder[];

  /** What was running when the process ended has failed. `now`: milliseconds since 1970. */
  constructor(stateDirectory: string, now: number) {
    this.#file = join(stateDirectory, 'orders.json');
    const at = new Date(now).toISOString();
    this.#orders = this.#read().map((order) =>
      order.state === 'running'
        ? { ...order, state: 'failed', at, detail: 'The agent was stopped meanwhile.', isSent: false }
        : order,
    );
  }

  get(orderId: string): RecordedOrder | undefined {
    return this.#orders.find((order) => order.orderId === orderId);
  }

  /** Throws when the disk does not take it: then the order must not be begun. */
  put(answer: OrderAnswer): void {
    const others = this.#orders.filter(({ orderId }) => orderId !== answer.orderId);
    this.#write([...others, { ...answer, isSent: false }].slice(-maxOrders));
  }

  get unsent(): OrderAnswer[] {
    return this.#orders.filter(({ isSent }) => !isSent).map(({ orderId, state, at, detail }) => ({ orderId, state, at, detail }));
  }

  /** The platform has these answers; what has changed since then is still unsent. */
  markSent(answers: readonly OrderAnswer[]): void {
    if (answers.length === 0) return;
    const sent = new Map(answers.map(({ orderId, state }) => [orderId, state]));
    this.#write(this.#orders.map((order) => (sent.get(order.orderId) === order.state ? { ...order, isSent: true } : order)));
  }

  #write(orders: readonly RecordedOrder[]): void {
    writeFileAtomic(this.#file, JSON.stringify(orders));
    this.#orders = orders;
  }

  #read(): RecordedOrder[] {
    try {
      const found = readFileIfPresent(this.#file, maxFileBytes);
      return found ? (JSON.parse(found.toString('utf8')) as RecordedOrder[]) : []; // our own file
    } catch {
      return [];
    }
  }
}
