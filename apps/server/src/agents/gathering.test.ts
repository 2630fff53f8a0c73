import { expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

class DataError extends Error {
  readonly code = '22P05';
}

it('answers together what comes while something is being answered', async () => {
  const asked: (readonly number[])[] = [];
  const gathering = new Gathering<number, number>(async (asks) => {
    asked.push(asks);
    return asks.map((ask) => ask * 2);
  }, 3);
  expect(await Promise.all([1, 2, 3, 4, 5].map((ask) => gathering.ask(ask)))).toEqual([2, 4, 6, 8, 10]);
  expect(asked).toEqual([[1], [2, 3, 4], [5]]);
  expect(await gathering.ask(6)).toBe(12);
});

it('refuses the one question that cannot be stored, not its neighbours', async () => {
  const gathering = new Gathering<number, number>(async (asks) => {
    if (asks.includes(13)) throw new DataError('13 is no number');
    return asks;
  });
  const settled = await Promise.allSettled([1, 2, 13, 4, 5].map((ask) => gathering.ask(ask)));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});

it('goes on after a failure that met all', async () => {
  let isDown = true;
  const gathering = new Gathering<number, number>(async (asks) => {
    if (isDown) throw new Error('the database is gone');
    return asks;
  });
  const settled = await Promise.allSettled([1, 2, 3].map((ask) => gathering.ask(ask)));
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  isDown = false;
  expect(await gathering.ask(4)).toBe(4);
});
