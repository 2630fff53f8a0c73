import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { matchesSource } from '../registry.ts';
import { retirejs } from './index.ts';

const parse = (name: string, content: unknown) =>
  retirejs.parse([{ name, bytes: new TextEncoder().encode(JSON.stringify(content)) }], { minimumRecords: 0 });
const npm = (...vulnerabilities: unknown[]) => parse('npmrepository.json', { a: { vulnerabilities } });

describe('retirejs', () => {
  it('joins the branches of one flaw', () => {
    const identifiers = { CVE: ['CVE-2020-0001'], githubID: 'GHSA-579v-mp3v-rrw5', summary: 'x' };
    expect(
      npm({ below: '1.2.0', severity: 'low', identifiers }, { atOrAbove: '2.0.0', below: '2.1.0', severity: 'high', identifiers })
        .advisories,
    ).toEqual([
      {
        id: 'retirejs:a:GHSA-579v-mp3v-rrw5',
        feed: 'retirejs',
        published: null,
        vulnerabilities: ['CVE-2020-0001'],
        aliases: ['GHSA-579v-mp3v-rrw5'],
        rating: 4,
        affected: [
          { ecosystem: 'npm', release: '', package: 'a', introduced: null, status: 'fixed', fixed: '1.2.0' },
          { ecosystem: 'npm', release: '', package: 'a', introduced: '2.0.0', status: 'fixed', fixed: '2.1.0' },
        ],
      },
    ]);
  });

  it('knows the numbers of the first advisories about npm', () => {
    expect(npm({ below: '2.4.4', info: ['https://nodesecurity.io/advisories/13'] }).advisories).toMatchObject([
      { id: 'retirejs:a:NSWG-ECO-13', vulnerabilities: [], aliases: ['NSWG-ECO-13'] },
    ]);
  });

  it.each([
    ['an entry without a name', [{ below: '1.0.0' }]],
    ['a name or version that is none', [{ identifiers: { CVE: ['CVE-2020-0001'] } }]],
    ['a name or version that is none', [{ below: 'x', identifiers: { CVE: ['CVE-2020-0001'] } }]],
  ])('leaves out %s', (reason, entries) => {
    const { advisories, leftOut } = npm(...entries);
    expect([advisories, leftOut]).toEqual([[], new Map([[reason, 1]])]);
  });

  it('takes of libraries for browsers only those that say how npm calls them', () => {
    const vulnerabilities = [{ below: '1.0.0', identifiers: { CVE: ['CVE-2020-0001'] } }];
    const { advisories, leftOut } = parse('jsrepository-v6.json', {
      'x y': { npmname: 'x', vulnerabilities },
      b: { vulnerabilities },
    });
    expect(advisories.map(({ affected }) => affected[0]?.package)).toEqual(['x']);
    expect(leftOut).toEqual(new Map([['a library without a name in npm', 1]]));
  });

  it('understands the whole real repository', { timeout: 60_000 }, async ({ skip }) => {
    const files = sharedArchive('lang/retirejs-repository-2026-08-22.tar.zst');
    if (!files) return skip('skipped: no feed data');
    const facts = retirejs.parse(
      (await files()).filter((file) => retirejs.files.some((source) => matchesSource(source, file.name))),
    );
    expect([facts.problems, facts.records, facts.advisories.length, facts.leftOut]).toEqual([
      [],
      1266,
      578,
      new Map([
        ['a name or version that is none', 15],
        ['an entry without a name', 167],
        ['a library without a name in npm', 342],
      ]),
    ]);
  });
});
