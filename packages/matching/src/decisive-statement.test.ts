import type { CheckAffected } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisiveStatement } from './decisive-statement.ts';

const statement = (advisory: string, fixed: string | null, more: Partial<CheckAffected> = {}): CheckAffected => ({
  ecosystem: 'debian',
  release: 'bookworm',
  package: 'foo',
  status: 'fixed',
  introduced: null,
  fixed,
  advisory,
  feed: advisory.startsWith('DLA') ? 'debian-dla' : advisory.startsWith('DSA') ? 'debian-dsa' : 'debian-changelog',
  published: null,
  ...more,
});
const changelog = (fixed: string) => statement(`debian-changelog:foo:${fixed}`, fixed);

describe('decisiveStatement', () => {
  it.each([
    [
      'the update of a regression',
      [statement('DSA-5576-1', '2:21.1.7-3+deb12u3'), statement('DSA-5576-2', '2:21.1.7-3+deb12u4')],
      'DSA-5576-2',
    ],
    [
      'a later DLA',
      [statement('DLA-4725-1', '1:9.18.49-1~deb12u2'), statement('DSA-6285-1', '1:9.18.49-1~deb12u1')],
      'DLA-4725-1',
    ],
    [
      'the advisory, not later entries of the changelog',
      [changelog('2.36-9+deb12u5'), statement('DSA-5514-1', '2.36-9+deb12u3')],
      'DSA-5514-1',
    ],
    [
      'the advisory, not earlier entries of the changelog',
      [changelog('2.4.67-1~deb12u1'), statement('DSA-6248-1', '2.4.67-1~deb12u2')],
      'DSA-6248-1',
    ],
    [
      'the first entry of the changelog',
      [changelog('2.4.62-1~deb12u2'), changelog('2.4.61-1~deb12u1')],
      'debian-changelog:foo:2.4.61-1~deb12u1',
    ],
    ['"no fix" before any fix', [statement('DSA-1-1', '9'), statement('DSA-2-1', null, { status: 'affected' })], 'DSA-2-1'],
    [
      'a fix before "not affected"',
      [statement('DSA-1-1', null, { status: 'not-affected' }), statement('DSA-2-1', '1')],
      'DSA-2-1',
    ],
    [
      'the earlier published of equal versions',
      [statement('DSA-1-1', '1', { published: '2024-02-02' }), statement('DSA-2-1', '1', { published: '2024-01-01' })],
      'DSA-2-1',
    ],
    ['the lower name of equal dates', [statement('DSA-2-1', '1'), statement('DSA-1-1', '1')], 'DSA-1-1'],
    [
      "the tracker's word, whatever the advisories say",
      [
        statement('DSA-1-1', '9'),
        statement('DLA-1-1', null, { status: 'affected' }),
        changelog('2'),
        statement('debian-tracker:CVE-2025-0001', null, { feed: 'debian-tracker', status: 'not-affected' }),
      ],
      'debian-tracker:CVE-2025-0001',
    ],
    ['a version that is one', [statement('DSA-1-1', '1'), statement('DSA-2-1', '9 9')], 'DSA-1-1'],
    ['a fix with a version', [statement('DSA-1-1', '1'), statement('DSA-2-1', null)], 'DSA-1-1'],
    [
      'a changelog, where the advisory has no usable version',
      [statement('DSA-1-1', '<none>-'), changelog('2')],
      'debian-changelog:foo:2',
    ],
  ])('is %s', (_, statements, advisory) => {
    expect(decisiveStatement(statements)?.advisory).toBe(advisory);
    expect(decisiveStatement(statements.toReversed())?.advisory).toBe(advisory);
  });

  it('is none where no statement can be used', () => {
    expect(decisiveStatement([])).toBeNull();
    expect(decisiveStatement([statement('DSA-1-1', '1 2'), statement('DSA-2-1', null)])).toBeNull();
  });

  it('does not depend on the order of arrival', () => {
    const any = fc.record({
      advisory: fc.constantFrom('DSA-1-1', 'DSA-2-1', 'DLA-3-1', 'debian-changelog:a:1'),
      fixed: fc.constantFrom('1', '1.0', '2~', '2', '-'),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (drawn) => {
        const statements = drawn.map(({ advisory, fixed }) => statement(advisory, fixed));
        expect(decisiveStatement(statements.toReversed())).toEqual(decisiveStatement(statements));
      }),
    );
  });
});
