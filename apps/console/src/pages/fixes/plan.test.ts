import { describe, expect, it } from 'vitest';
import { isPlanned, readPlan, togglePlanned, writePlan } from './plan.ts';

const openssl = { ecosystem: 'debian', release: 'bookworm', source: 'openssl' };
const module = { ecosystem: 'go', release: '', source: 'github.com/x/y' };

describe('a plan', () => {
  it('is the same after it was in an address', () => {
    const text = writePlan([openssl, module]);
    expect(text).toBe('debian/bookworm/openssl,go//github.com/x/y');
    expect(readPlan(text)).toEqual([openssl, module]);
  });

  it.each([undefined, '', 'debian', 'debian/bookworm', ',,'])('%j is none', (text) => {
    expect(readPlan(text)).toEqual([]);
  });

  it('takes an upgrade in and out, and is no part of the address when it is empty', () => {
    const plan = togglePlanned([openssl], module);
    expect([isPlanned(plan, module), isPlanned(plan, { ...openssl, release: 'trixie' })]).toEqual([true, false]);
    expect(writePlan(togglePlanned(togglePlanned(plan, module), openssl))).toBeUndefined();
  });
});
