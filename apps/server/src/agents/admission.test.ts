import { limits } from '@vedette/protocol';
import { expect, it } from 'vitest';
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

it('refuses a second request of an agent while the first is worked on, whatever becomes of that', async () => {
  const admission = new Admission(() => 0);
  const gate = Promise.withResolvers<void>();
  const first = admission.alone('a', () => gate.promise);
  await expect(admission.alone('a', async () => 1)).rejects.toMatchObject({ code: 'BUSY' });
  gate.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  expect(await admission.alone('a', async () => 2)).toBe(2);
});
