import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Order, OrderAnswer, Orders } from '@vedette/protocol';
import { eventually } from '@vedette/testkit';
import { AgentError } from '../errors.ts';
import { OrderChannel, type OrderOutcome } from './order-channel.ts';
import { OrderRecord } from './order-record.ts';

const assetId = '7a9d1c22-6f0b-4f6e-8a34-5e6d7c8b9a01';
const order = (change: object = {}): Order =>
  ({
    orderId: '3f1c7f0e-2d4b-4c8a-9e51-0a4f5a1b2c3d',
    kind: 'scan',
    assetId,
    expiresAt: '2026-11-22T12:10:00.000Z',
    ...change,
  }) as Order;
const now = Date.parse('2026-11-22T12:00:00Z');

let directory = '';
let stop = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-orders-'));
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(directory, { recursive: true });
});

/** A platform that gives these orders once and keeps the answers; a channel to it. */
function world(orders: Order[], scan: () => Promise<OrderOutcome> = async () => ({ state: 'done', detail: 'scanned' })) {
  const answers: OrderAnswer[] = [];
  const state = { scans: 0, answers, news: 0, heardNews: 0 };
  const channel = new OrderChannel({
    assetId,
    record: new OrderRecord(directory, now),
    ask: async (message: Orders, signal) => {
      answers.push(...message.answers);
      const given = orders.splice(0);
      if (state.news > 0) {
        state.news -= 1;
        return { orders: given, checkIn: true };
      }
      if (given.length === 0 && message.waitSeconds > 0)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
      return { orders: given };
    },
    actions: {
      scan: async () => {
        state.scans += 1;
        return scan();
      },
    },
    onNews: () => void (state.heardNews += 1),
    log: () => undefined,
    now: () => now,
    platformNow: () => now,
    random: () => 0,
  });
  return { state, channel };
}

const statesOf = (answers: readonly OrderAnswer[]): string[] => answers.map(({ state }) => state);

describe('OrderChannel', () => {
  it('carries an order out and answers when it begins and ends', async () => {
    const { state, channel } = world([order()]);
    void channel.run(stop.signal);
    await eventually('the answer', 5000, () => (statesOf(state.answers).includes('done') ? true : null));
    expect(state.scans).toBe(1);
    expect(statesOf(state.answers)).toContain('done');
  });

  it('hears that a check-in would bring news', async () => {
    const { state, channel } = world([]);
    state.news = 1;
    void channel.run(stop.signal);
    expect(await eventually('the news', 5000, () => state.heardNews || null)).toBe(1);
  });

  it('asks again soon after news, but not without end', async () => {
    const { state, channel } = world([]);
    state.news = 1000;
    void channel.run(stop.signal);
    await eventually('asking again', 5000, () => (state.heardNews >= 4 ? true : null));
    // Longer than the short pause, and much shorter than the long one.
    await expect(eventually('one more time', 1500, () => (state.heardNews > 4 ? true : null))).rejects.toThrow('not within');
  });

  it('carries an order out once, however often and whichever way it comes, also after a restart', async () => {
    const first = world([order(), order()]);
    void first.channel.run(stop.signal);
    first.channel.take([order()]);
    await eventually('the answer', 5000, () => (statesOf(first.state.answers).includes('done') ? true : null));
    stop.abort();
    stop = new AbortController();
    const second = world([order()]);
    void second.channel.run(stop.signal);
    await eventually('the answer again', 5000, () => (statesOf(second.state.answers).includes('done') ? true : null));
    expect({ first: first.state.scans, second: second.state.scans }).toEqual({ first: 1, second: 0 });
  });

  it.each([
    ['of another asset', { assetId: '00000000-0000-4000-8000-000000000000' }, 'refused'],
    ['of a kind it does not know', { kind: 'reboot' }, 'refused'],
    ['of a kind that every object has', { kind: 'constructor' }, 'refused'],
    ['that has expired', { expiresAt: '2026-11-22T11:59:59.000Z' }, 'expired'],
  ])('answers an order %s and does nothing', async (_, change, expected) => {
    const { state, channel } = world([order(change)]);
    void channel.run(stop.signal);
    await eventually('the answer', 5000, () => (state.answers.length > 0 ? true : null));
    expect({ states: new Set(statesOf(state.answers)), scans: state.scans }).toEqual({ states: new Set([expected]), scans: 0 });
  });

  it('answers after a crash that the order was interrupted', async () => {
    const first = world([order()], () => new Promise(() => undefined));
    void first.channel.run(stop.signal);
    await eventually('the scan has begun', 5000, () => (first.state.scans > 0 ? true : null));
    stop.abort();
    const interrupted = new OrderRecord(directory, now).unsent;
    expect(interrupted).toMatchObject([{ state: 'failed', detail: expect.stringContaining('stopped') }]);
  });

  it('answers what failed with the reason', async () => {
    const { state, channel } = world([order()], () => Promise.reject(new AgentError('PLATFORM', 'no luck')));
    void channel.run(stop.signal);
    await eventually('the answer', 5000, () => (statesOf(state.answers).includes('failed') ? true : null));
    expect(state.answers).toContainEqual(expect.objectContaining({ state: 'failed', detail: 'no luck' }));
  });
});
