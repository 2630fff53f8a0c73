import { describe, expect, it } from 'vitest';
import { nextPart } from './use-list.ts';

describe('nextPart', () => {
  it.each([
    ['reads on from a cursor', { total: 9, items: [1], next: 'abc' }, 1, { limit: 5, after: 'abc' }],
    ['reads on from an event of the audit log', { total: 9, items: [1], next: 4 }, 1, { limit: 5, after: 4 }],
    ['ends where there is no cursor left, however many there are', { total: 9, items: [1], next: null }, 1, undefined],
    ['reads on from where it is by offset', { total: 9, items: [1] }, 3, { limit: 5, offset: 3 }],
    ['ends when all are read', { total: 3, items: [1] }, 3, undefined],
    ['ends at an empty part, so that a list that shrank is not read for ever', { total: 9, items: [] }, 3, undefined],
  ])('%s', (_, last, read, expected) => {
    expect(nextPart(last, read, 5)).toEqual(expected);
  });
});
