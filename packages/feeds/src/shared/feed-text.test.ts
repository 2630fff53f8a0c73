import { describe, expect, it } from 'vitest';
import { feedLines } from './feed-text.ts';

const lines = (text: string | Uint8Array): { number: number; text: string }[] => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return [...feedLines({ name: 'list', bytes }, 10_000_000)];
};

describe('feedLines', () => {
  it('counts and keeps every line of a file of many blocks, whatever its characters', () => {
    const words = Array.from({ length: 40_000 }, (_, index) => `${index} ${'äöü€🦊'.repeat(index % 17)}`);
    const read = lines(words.map((word) => `${word}\n`).join(''));
    expect(read.map(({ text }) => text)).toEqual(words);
    expect(read.at(-1)?.number).toBe(40_000);
  });

  it.each([
    ['', []],
    ['a\n', ['a']],
    ['a\r\nb\n', ['a', 'b']],
    ['\n\n', ['', '']],
  ])('%j has the lines %j', (text, expected) => {
    expect(lines(text).map((line) => line.text)).toEqual(expected);
  });

  const long = 'x\n'.repeat(700_000);
  it.each([
    ['an open last line', 'a\nb', 'TRUNCATED'],
    ['an open last line behind many blocks', `${long}b`, 'TRUNCATED'],
    ['one endless line', 'x'.repeat(3_000_000), 'TOO_LARGE'],
    ['one endless line behind a block', `${long}${'x'.repeat(2_000_000)}\n`, 'TOO_LARGE'],
    ['NUL behind a block', `${long}\0\n`, 'NOT_TEXT'],
    ['half a character behind a block', Buffer.concat([Buffer.from(long), Buffer.from([0xc3, 0x0a])]), 'NOT_TEXT'],
  ])('refuses %s', (_, text, code) => {
    expect(() => lines(text)).toThrow(expect.objectContaining({ code }));
  });
});
