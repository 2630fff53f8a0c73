import { type CheckAffected, VendorState, vendorStateMeanings } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';
import { judge } from './judge.ts';
import { weighStatements } from './decisive-statement.ts';

const curl = {
  ecosystem: 'debian',
  release: 'bookworm',
  name: 'curl',
  version: '7.88.1-10',
  architecture: 'amd64',
  source: 'curl',
  sourceVersion: '7.88.1-10',
  role: 'installed',
} as const;
const unfixed = {
  check: 260_000_001,
  ecosystem: 'debian',
  release: 'bookworm',
  package: 'curl',
  status: 'affected',
  introduced: null,
  fixed: null,
  advisory: 'debian-tracker:CVE-2024-0001',
  feed: 'debian-tracker',
  published: null,
} as const;

describe('what the vendor says of a package without a fix', () => {
  it.each([
    ['no-dsa', 'confirmed', "the vendor's advisory speaks of this source package"],
    ['postponed', 'confirmed', "the vendor's advisory speaks of this source package"],
    ['ignored', 'confirmed', "the vendor's advisory speaks of this source package"],
    ['end-of-life', 'confirmed', "the vendor's advisory speaks of this source package"],
    ['undetermined', 'potential', 'the vendor has not yet determined whether the package is affected'],
    ['unimportant', 'information', 'the vendor calls it unimportant: the flaw does no harm as the package is built or used'],
  ] as const)('%s makes a verdict that is affected and %s', (vendorState, confidence, reason) => {
    const verdicts = judge(curl, [{ ...unfixed, vendorState }]);
    expect(verdicts).toMatchObject([{ verdict: 'affected', confidence, reason }]);
    expect(verdicts.map(explain)).toMatchObject([
      { statement: { vendorState }, confidenceReason: reason, sentence: expect.stringContaining(vendorState) },
    ]);
  });

  it('not-affected makes a verdict that is not, whatever an advisory says', () => {
    const dsa = { ...unfixed, status: 'fixed', fixed: '9', feed: 'debian-dsa', advisory: 'DSA-1-1' } as const;
    expect(judge(curl, [dsa, { ...unfixed, status: 'not-affected' }])).toMatchObject([
      { verdict: 'not-affected', statement: { feed: 'debian-tracker' } },
    ]);
  });

  it('unimportant is information also where a fix is known', () => {
    const statement = { ...unfixed, status: 'fixed', fixed: '8.0-1', vendorState: 'unimportant' } as const;
    expect(judge(curl, [statement])).toMatchObject([{ verdict: 'affected', confidence: 'information' }]);
    expect(judge(curl, [{ ...statement, fixed: '7.0-1' }])).toMatchObject([{ verdict: 'not-affected' }]);
  });

  it('has words for every state', () => {
    expect(Object.keys(vendorStateMeanings)).toEqual(VendorState.options);
  });
});

describe('weighStatements', () => {
  const dsa: CheckAffected = { ...unfixed, status: 'fixed', fixed: '8.0-1', feed: 'debian-dsa', advisory: 'DSA-1-1' };
  const changelog = { ...dsa, feed: 'debian-changelog', advisory: 'debian-changelog:curl:8.0-1' };
  const later = { ...changelog, fixed: '8.1-1', advisory: 'debian-changelog:curl:8.1-1' };
  const noVersion = { ...dsa, fixed: ':', advisory: 'DSA-2-1' };
  const built = (build: string): CheckAffected => ({ ...dsa, ecosystem: 'almalinux', fixed: `3-1.module_el8+${build}` });

  it.each<[string, CheckAffected[], [counts: boolean, why: string][]]>([
    [
      'an advisory and a changelog',
      [changelog, dsa],
      [
        [true, 'an advisory of the authority; advisories add up'],
        [false, 'an advisory goes before a changelog'],
      ],
    ],
    [
      'a tracker and an advisory',
      [dsa, unfixed],
      [
        [true, "the vendor's own tracker, which goes before its advisories and changelogs"],
        [false, "the vendor's own tracker goes before it"],
      ],
    ],
    [
      'two entries of a changelog',
      [later, changelog],
      [
        [true, "no advisory speaks, so the package's changelog does: its first entry that names the vulnerability"],
        [false, 'a later entry of the changelog repeats the name'],
      ],
    ],
    [
      'a version that is none',
      [noVersion, dsa],
      [
        [true, 'an advisory of the authority; advisories add up'],
        [false, 'its versions cannot be compared'],
      ],
    ],
    ['nothing that counts', [noVersion], [[false, 'its versions cannot be compared']]],
    [
      'two builds of one version',
      [built('2'), built('1')],
      [
        [true, 'an advisory of the authority; advisories add up'],
        [false, 'a rebuild of a lower fixed version'],
      ],
    ],
  ])('says of %s which counts and why', (_what, statements, expected) => {
    expect(weighStatements(statements).map(({ counts, why }) => [counts, why])).toEqual(expected);
  });
});
