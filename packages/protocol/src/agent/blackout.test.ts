import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBlackout, isBlackoutWindow } from './blackout.ts';

describe('isBlackout', () => {
  // 2026-11-23 is a Monday; all in local time, as windows are.
  it.each([
    ['08:00-18:00', '2026-11-23T07:59', false],
    ['08:00-18:00', '2026-11-23T08:00', true],
    ['08:00-18:00', '2026-11-23T17:59', true],
    ['08:00-18:00', '2026-11-23T18:00', false],
    ['mon-fri 08:00-18:00', '2026-11-27T12:00', true],
    ['mon-fri 08:00-18:00', '2026-11-28T12:00', false],
    ['sat,sun 00:00-23:59', '2026-11-29T12:00', true],
    ['fri-mon 10:00-11:00', '2026-11-29T10:30', true],
    ['fri-mon 10:00-11:00', '2026-11-24T10:30', false],
    ['22:00-06:00', '2026-11-23T23:00', true],
    ['22:00-06:00', '2026-11-23T05:59', true],
    ['22:00-06:00', '2026-11-23T06:00', false],
    ['sun 22:00-06:00', '2026-11-23T05:00', true], // began on Sunday
    ['mon 22:00-06:00', '2026-11-23T05:00', false],
  ])('%s at %s: %s', (window, at, expected) => {
    expect(isBlackoutWindow(window)).toBe(true);
    expect(isBlackout([window], new Date(at))).toBe(expected);
  });

  it.each([
    '',
    '8:00-18:00',
    '24:00-25:00',
    '08:00-08:00',
    'mon 08:00',
    'xyz 08:00-09:00',
    'mon-tue-wed 08:00-09:00',
    'mon, 08:00-09:00',
    5,
    null,
  ])('does not take %j for a window', (text) => expect(isBlackoutWindow(text)).toBe(false));

  it('takes any text without throwing, and is never in a window that is none', () => {
    const any = fc.oneof(fc.string(), fc.stringMatching(/^[a-z, -]{0,9}[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$/));
    const inNone = (text: string): boolean => isBlackoutWindow(text) || !isBlackout([text], new Date('2026-11-23T12:00'));
    expect(() => fc.assert(fc.property(any, inNone))).not.toThrow();
  });
});
