import { describe, expect, it } from 'vitest';
import { pageAt } from './page-modules.ts';

describe('pageAt', () => {
  it.each([
    ['/', '/'],
    ['/assets', '/assets'],
    ['/assets/0d5f', '/assets/$assetId'],
    ['/assets/0d5f/fixes', '/assets/$assetId/$tab'],
    ['/help/about', '/help/about'],
    ['/help', undefined],
    ['/assets/0d5f/fixes/more', undefined],
    ['/constructor', undefined],
    ['//', undefined],
  ])('%s is %s', (pathname, page) => {
    expect(pageAt(pathname)).toBe(page);
  });
});
