import { expect, it } from 'vitest';
import { printable, printableLines } from './printable.ts';

it.each([
  ['\u001B[2Jweb', ' [2Jweb'],
  ['a\u009B31mb', 'a 31mb'],
  ['web-\u202Egnp.1\u202C', 'web- gnp.1 '],
  ['\u2066web\u2069\u200F', ' web  '],
  ['שלום-é-💻', 'שלום-é-💻'],
])('%j is printed as %j', (text, printed) => expect(printable(text)).toBe(printed));

it('keeps the lines of what is ours', () => {
  expect(printableLines('one\r\n\ttwo')).toBe('one \n two');
});
