import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { matchesSource } from '../registry.ts';
import { rubysec } from './index.ts';

const parse = (text: string) =>
  rubysec.parse([{ name: 'CVE-2025-0001.yml', bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 });
const entry = (more: string) => `---\ngem: rack\ncve: 2025-0001\nghsa: aaaa-bbbb-cccc\ndate: 2025-01-02\n${more}\n`;
const ranges = (more: string) =>
  parse(entry(more)).advisories[0]?.affected.map(({ introduced, fixed, lastAffected }) => [
    introduced,
    fixed ?? lastAffected ?? null,
  ]);

describe('rubysec', () => {
  it.each([
    ['title: none', [[null, null]]],
    ['patched_versions:', [[null, null]]],
    ['patched_versions:\n- ">= 2.1.0"', [[null, '2.1.0']]],
    [
      'patched_versions:\n- "~> 2.0.9"\n- ">= 2.1.4"\nunaffected_versions:\n- "< 1.0.0"',
      [
        ['1.0.0', '2.0.9'],
        ['2.1.a', '2.1.4'],
      ],
    ],
    [
      'patched_versions:\n- "~> 2.1, >= 2.1.4"\n- ">= 3.0.1"',
      [
        [null, '2.1.4'],
        ['3.a', '3.0.1'],
      ],
    ],
    ['patched_versions:\n- "> 2.1.0"', [[null, '2.1.0']]],
  ])('takes what %j leaves', (more, expected) => expect(ranges(more)).toEqual(expected));

  it('takes the names and the score as a rating', () => {
    expect(parse(entry('cvss_v3: 7.5\nosvdb: 123')).advisories).toMatchObject([
      {
        id: 'rubysec:rack:CVE-2025-0001',
        published: '2025-01-02',
        vulnerabilities: ['CVE-2025-0001'],
        aliases: ['GHSA-aaaa-bbbb-cccc', 'OSVDB-123'],
        rating: 4,
      },
    ]);
  });

  it.each([
    ['a cut entry', entry('title: x').trimEnd()],
    ['a list', '- a\n'],
    ['an alias', `a: &a 1\nb: *a\n${entry('')}`],
  ])('refuses %s', (_, text) => expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'FeedError' })));

  it('understands the whole real database', { timeout: 60_000 }, async ({ skip }) => {
    const files = sharedArchive('lang/ruby-advisory-db-2026-08-22.tar.zst');
    if (!files) return skip('skipped: no feed data');
    const ofFeed = (await files()).filter((file) => rubysec.files.some((source) => matchesSource(source, file.name)));
    const facts = rubysec.parse(ofFeed);
    expect(facts.problems).toEqual([]);
    expect(facts.records).toBe(1381);
    expect(facts.advisories).toHaveLength(1234);
    expect(facts.leftOut).toEqual(new Map([['about an engine', 147]]));
  });
});
