import { compareDebianVersions } from '@vedette/ecosystems';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type AffectedStatement } from './judge.ts';
import { dsa, openssl } from './testing/openssl-case.ts';

const element = (more: Partial<InventoryElement> = {}): InventoryElement => ({ ...openssl, ...more });
const statement = (more: Partial<AffectedStatement> = {}): AffectedStatement => ({ ...dsa, ...more });
const verdictOf = (subject: InventoryElement, ...statements: AffectedStatement[]) =>
  judge(subject, statements).map(({ verdict }) => verdict);

describe('judge', () => {
  it('says affected below the fixed version, with the comparison and the confidence', () => {
    expect(judge(element(), [statement()])).toMatchObject([
      {
        check: 260_005_535,
        verdict: 'affected',
        confidence: 'confirmed',
        comparison: { left: '3.0.11-1~deb12u2', operator: '<', right: '3.0.15-1~deb12u1', order: 'dpkg (deb-version(7))' },
        sourcePackage: 'openssl',
        sourceVersion: '3.0.11-1~deb12u2',
        statement: { advisory: 'DSA-5764-1' },
      },
    ]);
  });

  it.each([
    ['1.0', null, '1.1', 'affected'],
    ['1.1', null, '1.1', 'not-affected'],
    ['1.1-0', null, '1.1', 'not-affected'],
    ['1.2', null, '1.1', 'not-affected'],
    ['1.1~rc1', null, '1.1', 'affected'],
    ['1:0.1', null, '1.1', 'not-affected'],
    ['0.9', '1.0', '1.1', 'not-affected'],
    ['1.0', '1.0', '1.1', 'affected'],
    ['1.0~', '1.0', '1.1', 'not-affected'],
    ['1.0.5', '1.0', '1.1', 'affected'],
    ['1.1', '1.0', '1.1', 'not-affected'],
  ])('source version %s, affected from %s to before %s: %s', (...[sourceVersion, introduced, fixed, verdict]) => {
    expect(verdictOf(element({ sourceVersion }), statement({ introduced, fixed }))).toEqual([verdict]);
  });

  it.each([
    ['affected', null, '99', 'affected'],
    ['affected', '2', '1', 'not-affected'],
    ['affected', '2', '2', 'affected'],
    ['not-affected', null, '1', 'not-affected'],
  ] as const)('status %s, introduced %s, version %s: %s', (...[status, introduced, sourceVersion, verdict]) => {
    expect(verdictOf(element({ sourceVersion }), statement({ status, introduced, fixed: null }))).toEqual([verdict]);
  });

  it('compares the source version, not the version of the binary', () => {
    const rebuilt = element({ version: '3.0.15-1~deb12u1+b1', sourceVersion: '3.0.15-1~deb12u1' });
    expect(verdictOf(rebuilt, statement())).toEqual(['not-affected']);
    const otherNumbers = element({ version: '1:99', sourceVersion: '3.0.11-1' });
    expect(verdictOf(otherNumbers, statement())).toEqual(['affected']);
  });

  it.each([
    ['release', statement({ release: 'trixie' })],
    ['source package', statement({ package: 'libssl3' })],
  ])('passes over a statement about another %s', (_, other) => {
    expect(judge(element(), [other])).toEqual([]);
  });

  it('gives one verdict per check, by its decisive statement, sorted by check', () => {
    const verdicts = judge(element({ sourceVersion: '2' }), [
      statement({ check: 7, fixed: '3', advisory: 'DSA-3-1' }),
      statement({ check: 5, fixed: '2', advisory: 'DSA-1-1' }),
      statement({ check: 5, fixed: '3', advisory: 'DSA-1-2' }),
    ]);
    expect(verdicts.map(({ check, verdict, statement: { advisory } }) => [check, verdict, advisory])).toEqual([
      [5, 'affected', 'DSA-1-2'],
      [7, 'affected', 'DSA-3-1'],
    ]);
  });

  it.each([
    ['an element whose version is none', element({ sourceVersion: 'not a version' }), statement()],
    ['a fixed version that is none', element(), statement({ fixed: '<unfixed>-' })],
    ['an introduced version that is none', element(), statement({ introduced: '1 2' })],
    ['a fix without a version', element(), statement({ fixed: null })],
  ])('says nothing of %s', (_, subject, about) => {
    expect(judge(subject, [about])).toEqual([]);
  });

  it('judges a signed kernel image by the advisories of linux, as information while it does not run', () => {
    const image = element({
      name: 'linux-image-6.1.0-28-amd64',
      version: '6.1.119-1',
      source: 'linux-signed-amd64',
      sourceVersion: '6.1.119+1',
      role: 'dormant',
    });
    const about = statement({ package: 'linux', fixed: '6.1.128-1', advisory: 'DSA-5860-1' });
    expect(judge(image, [about])).toMatchObject([
      {
        verdict: 'affected',
        confidence: 'information',
        sourcePackage: 'linux',
        comparison: { left: '6.1.119-1', right: '6.1.128-1' },
      },
    ]);
    // As a plus the version would be newer than any fix of the same upstream version.
    const fixedImage = element({ ...image, sourceVersion: '6.1.128+1' });
    expect(judge(fixedImage, [about])).toMatchObject([{ verdict: 'not-affected', comparison: { operator: '=' } }]);
  });

  it('confirms for the running kernel', () => {
    const running = element({ name: 'linux-image-6.1.0-28-amd64', source: 'linux', sourceVersion: '6.1.119-1', role: 'running' });
    expect(judge(running, [statement({ package: 'linux', fixed: '6.1.128-1' })])).toMatchObject([
      { verdict: 'affected', confidence: 'confirmed' },
    ]);
  });

  it('agrees with the plain definition for any version and bounds', () => {
    const version = fc.constantFrom('0', '1~', '1', '1.0', '1+b1', '1-1', '2~rc1', '2', '2-1+deb12u1', '10', '1:0');
    fc.assert(
      fc.property(version, fc.option(version), version, (...[sourceVersion, introduced, fixed]) => {
        const isAffected =
          (introduced === null || compareDebianVersions(sourceVersion, introduced) >= 0) &&
          compareDebianVersions(sourceVersion, fixed) < 0;
        expect(verdictOf(element({ sourceVersion }), statement({ introduced, fixed }))).toEqual([
          isAffected ? 'affected' : 'not-affected',
        ]);
      }),
      { numRuns: 500 },
    );
  });
});
