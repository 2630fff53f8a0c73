import { describe, expect, it } from 'vitest';
import { redirectTarget } from './redirect.ts';

describe('redirectTarget', () => {
  it.each([
    ['https://example.org/a', '/b', 'https://example.org/b'],
    ['https://example.org/a', 'https://www.example.org/a', 'https://www.example.org/a'],
    ['https://www.example.org/a', 'https://files.example.org/a', 'https://files.example.org/a'],
    ['https://files.example.org/a', 'https://example.org/a', 'https://example.org/a'],
    ['http://example.org/a', 'https://example.org/a', 'https://example.org/a'],
    ['http://example.org:8080/a', 'b?c#d', 'http://example.org:8080/b?c#d'],
    ['https://example.org/a', 'https://example.org:443/b', 'https://example.org/b'],
  ])('%s leads to %s', (from, location, target) => {
    expect(redirectTarget(from, location)).toBe(target);
  });

  it.each([
    ['https://example.org/a', 'http://example.org/a'],
    ['https://example.org/a', 'https://example.net/a'],
    ['https://example.org/a', 'https://badexample.org/a'],
    ['https://example.org/a', 'https://example.org.evil.net/a'],
    ['https://example.org/a', 'https://evil.net/https://example.org/'],
    ['https://example.org/a', 'https://example.org@evil.net/a'],
    ['https://example.org/a', '//evil.net/a'],
    ['https://example.org/a', '\\\\evil.net\\a'],
    ['https://example.org/a', 'https://example.org:8443/a'],
    ['https://example.org/a', 'ftp://example.org/a'],
    ['https://example.org/a', 'data:text/plain,x'],
    ['https://example.org/a', 'https://user:secret@example.org/a'],
    ['http://127.0.0.1:1234/a', 'http://127.0.0.1:22/a'],
  ])('%s does not lead to %s', (from, location) => {
    expect(() => redirectTarget(from, location)).toThrow(expect.objectContaining({ code: 'REDIRECT' }));
  });
});
