import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

/** Tasks that run until they are told to end. */
function tasks() {
  const running: (() => void)[] = [];
  return { running, task: () => new Promise<void>((resolve) => running.push(resolve)) };
}

it('answers six requests of a user at a time, and the others in their order', async () => {
  const turns = new Turns();
  const { running, task } = tasks();
  const order: number[] = [];
  const all = Array.from({ length: 8 }, (_, at) => turns.take('a', () => (order.push(at), task())));
  await setImmediate();
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  running[3]?.();
  await all[3];
  await setImmediate();
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
  running.forEach((end) => end());
  await setImmediate();
  running.forEach((end) => end());
  await Promise.all(all);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

it('keeps nobody waiting for somebody else', async () => {
  const turns = new Turns();
  const { running, task } = tasks();
  const busy = Array.from({ length: 50 }, () => turns.take('a', task));
  expect(await turns.take('b', async () => 'answered')).toBe('answered');
  for (let ended = 0; ended < 50; ended += 1) {
    running[ended]?.();
    await setImmediate();
  }
  await Promise.all(busy);
});

it('hands the turn on after a failure', async () => {
  const turns = new Turns();
  for (let count = 0; count < 20; count += 1) {
    await expect(turns.take('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
  expect(await turns.take('a', async () => 1)).toBe(1);
});

it('refuses what comes when a hundred wait, and takes more afterwards', async () => {
  const turns = new Turns();
  const { running, task } = tasks();
  const all = Array.from({ length: 106 }, () => turns.take('a', task));
  await expect(turns.take('a', task)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 });
  for (let ended = 0; ended < 106; ended += 1) {
    running[ended]?.();
    await setImmediate();
  }
  await Promise.all(all);
  expect(await turns.take('a', async () => 1)).toBe(1);
});
