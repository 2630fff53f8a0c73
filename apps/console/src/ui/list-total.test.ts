import { expect, it } from 'vitest';
import { matchesOf, totalOf } from './list-total.ts';

it.each([
  [{ total: 1, isExact: true }, '1', '1 match'],
  [{ total: 12_345, isExact: true }, '12,345', '12,345 matches'],
  [{ total: 10_000, isExact: false }, 'at least 10,000', 'at least 10,000 matches'],
  [{ total: 1, isExact: false }, 'at least 1', 'at least 1 matches'],
  [{ total: undefined, isExact: true }, '0', ''],
])('says of %j that there are %s: %s', (list, total, matches) => {
  expect(totalOf(list)).toBe(total);
  expect(matchesOf(list)).toBe(matches);
});
