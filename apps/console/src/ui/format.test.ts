import { describe, expect, it } from 'vitest';
import { formatAgo, formatBytes, formatDay, formatDuration, formatMoment, formatShare, plural } from './format.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

describe('formatAgo', () => {
  it.each([
    ['2026-11-22T11:59:30Z', 'just now'],
    ['2026-11-22T11:55:00Z', '5 minutes ago'],
    ['2026-11-22T09:00:00Z', '3 hours ago'],
    ['2026-11-21T11:00:00Z', 'yesterday'],
    ['2026-11-24T12:00:00Z', 'in 2 days'],
    ['not a time', 'not a time'],
  ])('%s is %s', (instant, text) => expect(formatAgo(instant, now)).toBe(text));
});

it('a moment says in which time zone it is', () => {
  expect(formatMoment('2026-11-22T09:30:00Z')).toMatch(/^2[123] Nov 2026, \d\d:[03]0:00 (?:UTC|GMT|[A-Z]{3,4}|GMT[+-]\d.*)$/);
  expect(formatMoment('not a time')).toBe('not a time');
  expect([formatDay('2026-11-22T12:00:00Z'), formatDay('not a time')]).toEqual([
    expect.stringMatching(/^2[123] Nov 2026$/),
    'not a time',
  ]);
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [150 * 1024, '150 KiB'],
    [25_200_000_000, '23.5 GiB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

it.each([
  [0, '0.0\u00A0%'],
  [0.0004, '< 0.1\u00A0%'],
  [0.011, '1.1\u00A0%'],
  [1, '100.0\u00A0%'],
])('the share %f is "%s"', (share, text) => expect(formatShare(share)).toBe(text));

describe('formatDuration', () => {
  it.each([
    [40, '40 s'],
    [720, '12 min'],
    [7260, '2 h 1 min'],
    [273_600, '3 d 4 h'],
  ])('%i seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

it.each([
  [0, '0 assets'],
  [1, '1 asset'],
  [1200, '1,200 assets'],
])('%i of something is "%s"', (value, text) => expect(plural(value, 'asset')).toBe(text));
