import { describe, expect, it } from 'vitest';
import { goodAfter, lastGoodOf } from './known-origins.ts';
import type { KnownOrigins } from './known-origins-file.ts';

const hour = 3600_000;
const start = Date.parse('2026-11-22T12:00:00Z');
const nothing: KnownOrigins = { sha256: '', document: null, lastGood: null, standings: [] };
/** After runs at these hours, each with the edge that was best in it. */
const after = (...runs: readonly (readonly [number, string | null])[]): KnownOrigins =>
  runs.reduce<KnownOrigins>((known, [at, best]) => ({ ...known, ...goodAfter(known, best, start + at * hour) }), nothing);
const firstAt = (known: KnownOrigins, at: number): string | null => lastGoodOf(known, start + at * hour);

describe('the last good edge', () => {
  it('comes first for a day, also when later runs used it', () => {
    const known = after([0, 'far'], [10, 'far'], [20, 'far']);
    expect([20, 23, 25].map((at) => firstAt(known, at))).toEqual(['far', 'far', null]);
  });

  it('comes first for another day when the nearer one is still not good after the first', () => {
    const known = after([0, 'far'], [25, 'far']);
    expect([40, 50].map((at) => firstAt(known, at))).toEqual(['far', null]);
  });

  it('stays when a run had none, and is replaced by the next', () => {
    expect(firstAt(after([0, 'far'], [1, null]), 2)).toBe('far');
    expect(firstAt(after([0, 'far'], [1, 'near']), 2)).toBe('near');
  });

  it('is forgotten by a clock that was set back, and unknown to what an earlier version kept', () => {
    expect(firstAt(after([5, 'far']), 2)).toBeNull();
    expect(lastGoodOf({ ...nothing, lastGood: 'far' }, start)).toBeNull();
  });
});
