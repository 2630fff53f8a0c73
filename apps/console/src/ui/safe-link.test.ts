import { expect, it } from 'vitest';
import { safeLink } from './safe-link.ts';

it.each([
  ['https://example.org/DSA-1', 'https://example.org/DSA-1'],
  ['http://mirror/', 'http://mirror/'],
  ['javascript:alert(1)', null],
  [' JavaScript:alert(1)', null],
  ['data:text/html,x', null],
  ['DSA-1', null],
  [null, null],
])('%j is offered as %j', (address, link) => {
  expect(safeLink(address)).toBe(link);
});
