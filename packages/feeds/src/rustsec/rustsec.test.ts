import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { matchesSource } from '../registry.ts';
import { rustsec } from './index.ts';

const document = (advisory: string, versions: string) =>
  `\`\`\`toml\n[advisory]\nid = "RUSTSEC-2025-0001"\npackage = "left"\ndate = "2025-01-02"\n${advisory}\n[versions]\n${versions}\n\`\`\`\n\n# Title\n`;
const parse = (text: string) =>
  rustsec.parse([{ name: 'RUSTSEC-2025-0001.md', bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 });
const ranges = (versions: string) =>
  parse(document('', versions)).advisories[0]?.affected.map(({ introduced, fixed, lastAffected }) => [
    introduced,
    fixed ?? lastAffected ?? null,
  ]);

describe('rustsec', () => {
  it.each([
    ['patched = []', [[null, null]]],
    ['patched = [">= 1.2.0"]', [[null, '1.2.0']]],
    [
      'patched = [">= 1.2.3, < 2.0.0", ">= 2.0.1"]\nunaffected = ["< 1.0.0"]',
      [
        ['1.0.0', '1.2.3'],
        ['2.0.0', '2.0.1'],
      ],
    ],
    [
      'patched = ["^1.2.3", "0.4.5", ">= 2.0.0"]',
      [
        [null, '0.4.5'],
        ['0.5.0', '1.2.3'],
      ],
    ],
    ['patched = [">= 2.0.0"]\nunaffected = ["<= 1.0.3"]', [['1.0.4-0', '2.0.0']]],
    ['patched = ["> 1.0.0-rc.1"]', [[null, '1.0.0-rc.1']]],
  ])('takes what %s leaves', (versions, expected) => expect(ranges(versions)).toEqual(expected));

  it('takes aliases, score and withdrawal', () => {
    const facts = parse(
      document(
        'aliases = ["CVE-2025-0001", "GHSA-aaaa-bbbb-cccc"]\ncvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"\nwithdrawn = "2025-02-02"',
        'patched = []',
      ),
    );
    expect(facts.advisories).toMatchObject([
      {
        id: 'RUSTSEC-2025-0001',
        published: '2025-01-02',
        vulnerabilities: ['CVE-2025-0001'],
        aliases: ['GHSA-aaaa-bbbb-cccc'],
        withdrawn: '2025-02-02',
      },
    ]);
    expect(facts.vulnerabilities).toMatchObject([{ id: 'CVE-2025-0001', cvss: [{ score: 9.8, source: 'rustsec' }] }]);
  });

  it('counts notices that name no vulnerability', () => {
    expect(parse(document('informational = "unmaintained"', 'patched = []'))).toMatchObject({
      advisories: [],
      leftOut: new Map([['notice: unmaintained', 1]]),
    });
  });

  it.each([
    ['no TOML', '```toml\n= 1\n```\n'],
    ['an open block', '```toml\n[advisory]\n'],
    ['another id', document('', 'patched = []').replace('RUSTSEC-2025', 'X')],
    ['brackets without end', `\`\`\`toml\na = ${'['.repeat(50_000)}\n\`\`\`\n`],
  ])('refuses %s', (_, text) => expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'FeedError' })));

  it('leaves out a requirement it does not know rather than guessing', () => {
    expect(parse(document('', 'patched = ["latest"]'))).toMatchObject({ advisories: [], records: 1 });
  });

  it('understands the whole real database', { timeout: 60_000 }, async ({ skip }) => {
    const files = sharedArchive('lang/rustsec-advisory-db-2026-08-21.tar.zst');
    if (!files) return skip('skipped: no feed data');
    const ofFeed = (await files()).filter((file) => rustsec.files.some((source) => matchesSource(source, file.name)));
    const facts = rustsec.parse(ofFeed);
    expect(facts.problems).toEqual([]);
    expect(facts.records).toBe(1205);
    expect(facts.advisories.length + [...(facts.leftOut ?? [])].reduce((sum, [, count]) => sum + count, 0)).toBe(1205);
    expect([...(facts.leftOut ?? new Map<string, number>()).keys()].filter((reason) => !reason.startsWith('notice'))).toEqual([]);
  });
});
