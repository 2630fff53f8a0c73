import { describe, expect, it } from 'vitest';
import { backportOrigin } from './backport.ts';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type AffectedStatement } from './judge.ts';
import { indexStatements } from './statement-index.ts';

const curl = (version: string, release = 'bookworm'): InventoryElement => ({
  ecosystem: 'debian',
  release,
  name: 'libcurl4',
  version,
  architecture: 'amd64',
  source: 'curl',
  sourceVersion: version,
  role: 'installed',
});
const fixedIn = (release: string, fixed: string): AffectedStatement => ({
  check: 1,
  ecosystem: 'debian',
  release,
  package: 'curl',
  status: 'fixed',
  introduced: null,
  fixed,
  advisory: `DSA-${release}`,
  feed: 'debian-dsa',
  published: null,
});

describe('backportOrigin', () => {
  it.each([
    ['bookworm', '8.10.1-2~bpo12+1', 'trixie', '8.10.1-2'],
    ['bookworm', '8.10.1-2~bpo12+1+b1', 'trixie', '8.10.1-2'],
    ['bullseye', '7.88.1-10+deb12u5~bpo11+1', 'bookworm', '7.88.1-10+deb12u5'],
    ['wheezy', '1.0-1~bpo70+1', 'jessie', '1.0-1'],
    ['trixie', '8.10.1-2~bpo12+1', 'trixie', '8.10.1-2'],
    ['forky', '8.10.1-2~bpo12+1', 'forky', '8.10.1-2'],
  ])('on %s: %s comes from %s and is %s', (...[release, version, origin, built]) => {
    expect(backportOrigin(curl(version, release), version)).toEqual({ release: origin, version: built });
  });

  it.each(['7.88.1-10+deb12u5', '1.0~bpo-1', '1.0-1~bpo99+1', '1.0-1~bpo12', '1.0~bpo12+1-1'])('%s is no backport', (version) => {
    expect(backportOrigin(curl(version), version)).toBeNull();
  });

  it('is of Debian alone', () => {
    const version = '1.0-1~bpo12+1';
    expect(backportOrigin({ ecosystem: 'ubuntu', release: 'jammy' }, version)).toBeNull();
  });
});

describe('judge of a backport', () => {
  const statements = [fixedIn('bookworm', '7.88.1-10+deb12u5'), fixedIn('trixie', '8.10.1-2')];
  it.each([
    // Newer than the fix of bookworm, of an older series, and affected all the same.
    ['8.9.1-1~bpo12+1', 'affected'],
    // The very version that has the fix, which the tilde would put before it.
    ['8.10.1-2~bpo12+1', 'not-affected'],
    ['8.11.0-1~bpo12+1', 'not-affected'],
    ['7.88.1-10+deb12u4', 'affected'],
    ['7.88.1-10+deb12u5', 'not-affected'],
  ])('%s is %s', (version, verdict) => {
    const index = indexStatements([{ number: 1, affected: statements }]);
    const element = curl(version);
    expect(judge(element, index.statementsFor(element)).map((one) => one.verdict)).toEqual([verdict]);
  });

  it('is unassessed where nothing is known of the release it comes from', () => {
    const index = indexStatements([{ number: 1, affected: [fixedIn('bookworm', '7.88.1-10+deb12u5')] }]);
    expect(index.unassessed(curl('8.9.1-1~bpo12+1'))).toBe('no-knowledge');
    expect(index.unassessed(curl('7.88.1-1'))).toBeNull();
  });
});
