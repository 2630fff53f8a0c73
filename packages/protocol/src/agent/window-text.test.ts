import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MaintenanceWindow } from '../api/releases.ts';
import { readWindow, writeWindow } from './window-text.ts';

describe('maintenance windows as text', () => {
  it.each([
    ['sat,sun 02:00-04:00', { days: [0, 6], from: '02:00', minutes: 120 }],
    ['22:00-06:00', { days: [0, 1, 2, 3, 4, 5, 6], from: '22:00', minutes: 480 }],
    ['fri-mon 00:00-00:30', { days: [0, 1, 5, 6], from: '00:00', minutes: 30 }],
    ['sat 20:00 for 2880 min', { days: [6], from: '20:00', minutes: 2880 }],
    ['00:00 for 1440 min', { days: [0, 1, 2, 3, 4, 5, 6], from: '00:00', minutes: 1440 }],
  ])('%s', (text, window) => {
    expect(readWindow(text)).toEqual(window);
    expect(readWindow(writeWindow(window))).toEqual(window);
  });

  it.each(['', 'at night', 'sat', 'sat 02:00', '25:00-26:00', 'xyz 01:00-02:00', 'sat 20:00 for days min', ' for 5 min'])(
    'takes "%s" for none',
    (text) => expect(readWindow(text)).toBeNull(),
  );

  it('reads back whatever it writes', () => {
    const window = fc.record({
      days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }).map((days) => days.toSorted((a, b) => a - b)),
      from: fc.integer({ min: 0, max: 1439 }).map((at) => {
        return [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, '0')).join(':');
      }),
      minutes: fc.integer({ min: 15, max: 10_080 }),
    });
    fc.assert(
      fc.property(window, (one) => {
        expect(readWindow(writeWindow(MaintenanceWindow.parse(one)))).toEqual(one);
      }),
    );
  });

  it('reads any text as a window or as none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readWindow(text)?.days.length).not.toBe(0);
      }),
    );
  });
});
