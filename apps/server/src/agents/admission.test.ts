import { limits } from '@vedette/protocol';
import { expect, it, vi } from 'vitest';
import { Admission } from './admission.ts';

const MiB = 1024 * 1024;

it('lets in as many bodies as memory is meant for, and more when they are gone', () => {
  const admission = new Admission();
  const entered: number[] = [];
  // No length stated: it may be as large as a body may be at all.
  expect(() => {
    for (;;) entered.push(admission.enter(Number.NaN));
  }).toThrow(expect.objectContaining({ code: 'BUSY' }));
  expect(entered.length * limits.agentBodyBytes).toBe(256 * MiB);
  expect(() => admission.enter(1000)).toThrow(expect.objectContaining({ code: 'BUSY' }));
  admission.leave(entered[0] ?? 0);
  expect(admission.enter(1000)).toBe(1000);
});

it('takes a length that is a lie for the largest', () => {
  const admission = new Admission();
  expect(admission.enter(-5)).toBe(limits.agentBodyBytes);
  expect(admission.enter(Number.MAX_SAFE_INTEGER)).toBe(limits.agentBodyBytes);
});

it('lets an agent owe two megabytes, forgives one in a second, and forgets nobody who owes', async () => {
  let now = 0;
  const admission = new Admission(() => now);
  const send = (agent: string, bytes: number) => admission.alone(agent, async (charge) => charge(bytes));
  await send('a', 3 * MiB);
  await expect(send('a', 1)).rejects.toMatchObject({ code: 'BUSY' });
  await send('b', 1);
  now = 900;
  await expect(send('a', 1)).rejects.toMatchObject({ code: 'BUSY' });
  now = 1100;
  await send('a', 1);
  now = 10_000;
  await send('a', 2 * MiB);
});

it('works on the second request of an agent after the first, whatever becomes of that, and refuses a third', async () => {
  const admission = new Admission(() => 0);
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = admission.alone('a', () => gate.promise).catch((error: Error) => order.push(error.message));
  const second = admission.alone('a', async () => order.push('second'));
  await expect(admission.alone('a', async () => order.push('third'))).rejects.toMatchObject({ code: 'BUSY' });
  expect(await admission.alone('b', async () => order.push('of another'))).toBe(1);
  gate.reject(new Error('first'));
  await Promise.all([first, second]);
  expect(order).toEqual(['of another', 'first', 'second']);
  await admission.alone('a', async () => order.push('later'));
});

it('hands the turn to who waits and to nobody who comes at that very moment', async () => {
  const admission = new Admission(() => 0);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  let atWork = 0;
  const work = async (gate: Promise<void>) => {
    expect((atWork += 1)).toBe(1);
    await gate;
    atWork -= 1;
  };
  const first = admission.alone('a', () => work(gates[0].promise));
  const second = admission.alone('a', () => work(gates[1].promise));
  gates[0].resolve();
  await first;
  const third = admission.alone('a', () => work(Promise.resolve()));
  gates[1].resolve();
  await Promise.all([second, third]);
});

it('refuses a request that has waited five seconds, after which another may wait', async () => {
  vi.useFakeTimers();
  try {
    const admission = new Admission(() => 0);
    const gate = Promise.withResolvers<void>();
    const first = admission.alone('a', () => gate.promise);
    const second = admission.alone('a', async () => 2);
    second.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    await expect(second).rejects.toMatchObject({ code: 'BUSY' });
    const third = admission.alone('a', async () => 3);
    gate.resolve();
    await first;
    expect(await third).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

it('refuses who waited when the agent owes too much by then, and goes on with the next', async () => {
  let now = 0;
  const admission = new Admission(() => now);
  const gate = Promise.withResolvers<void>();
  const first = admission.alone('a', async (charge) => {
    charge(3 * MiB);
    await gate.promise;
  });
  const second = admission.alone('a', async () => 2);
  gate.resolve();
  await expect(second).rejects.toMatchObject({ code: 'BUSY' });
  await first;
  now = 3000;
  expect(await admission.alone('a', async () => 3)).toBe(3);
});
