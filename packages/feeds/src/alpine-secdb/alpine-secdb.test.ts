import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import type { FeedFile } from '../feed.ts';
import { alpineSecdb, chainguard, wolfi } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (...files: FeedFile[]) => alpineSecdb.parse(files, { minimumRecords: 0 });
const secdb = (secfixes: object, distroversion = 'v3.20') => ({
  name: 'main.json',
  bytes: bytes(JSON.stringify({ distroversion, reponame: 'main', packages: [{ pkg: { name: 'zlib', secfixes } }] })),
});
const recipe = (text: string, path = 'aports-v3.16/main/zlib/APKBUILD') => ({ name: 'APKBUILD', path, bytes: bytes(text) });
const said = (facts: ReturnType<typeof parse>) =>
  facts.advisories.map(({ vulnerabilities, aliases, affected: [one] }) => [
    one?.release,
    one?.package,
    one?.status,
    one?.fixed,
    [...vulnerabilities, ...(aliases ?? [])].join(' '),
  ]);

describe('alpine-secdb', () => {
  it('takes the version that fixed each CVE of an origin package, and version 0 as never affected', () => {
    expect(said(parse(secdb({ '1.2.12-r2': ['CVE-2022-37434', 'CVE-2018-25032'], '0': ['CVE-2023-6992'] })))).toEqual([
      ['3.20', 'zlib', 'not-affected', null, 'CVE-2023-6992'],
      ['3.20', 'zlib', 'fixed', '1.2.12-r2', 'CVE-2022-37434 CVE-2018-25032'],
    ]);
  });

  it.each([
    ['CVE-2021-28687 XSA-368', 'CVE-2021-28687'],
    ['XSA-207', 'XSA-207'],
    ['CVE_2019-2426', 'CVE-2019-2426'],
    ['CVE-2017-17434-2', 'CVE-2017-17434'],
    ['CVE-2019-5747 (incomplete fix)', 'CVE-2019-5747'],
    ['GHSA-p5f5-3p5g-rfjw', 'GHSA-p5f5-3p5g-rfjw'],
  ])('reads the entry %j as %s', (entry, name) => {
    expect(said(parse(secdb({ '1-r0': [entry] })))[0]?.[4]).toBe(name);
  });

  it('counts an entry that names nothing', () => {
    expect(parse(secdb({ '1-r0': ['see the notes'] })).leftOut).toEqual(new Map([['an entry that names nothing', 1]]));
  });

  it('reads a recipe on whose first names lack their version, and counts those', () => {
    const facts = parse(
      recipe('# secfixes:\n#     - CVE-2022-1919\n#     - CVE-2022-1920\n#   100-r0:\n#     - CVE-2022-1529\n'),
    );
    expect(said(facts)).toEqual([['3.16', 'zlib', 'fixed', '100-r0', 'CVE-2022-1529']]);
    expect(facts.leftOut).toEqual(new Map([['names without a version', 2]]));
  });

  it('reads the comment of a build recipe, of the package and release that its folders name', () => {
    const text =
      'pkgname=zlib\n# secfixes:\n#   1.2.12-r2:\n#     - CVE-2022-37434\n#\n#   0:\n#     - CVE-2023-6992\n\nbuild() {\n# - x\n}\n';
    expect(said(parse(recipe(text)))).toEqual([
      ['3.16', 'zlib', 'fixed', '1.2.12-r2', 'CVE-2022-37434'],
      ['3.16', 'zlib', 'not-affected', null, 'CVE-2023-6992'],
    ]);
  });

  it.each([
    ['a recipe without folders', recipe('# secfixes:\n', 'APKBUILD')],
    ['a version that is none', secdb({ '$(id)': ['CVE-2022-1919'] })],
  ])('notes %s', (_, file) => expect(parse(file)).toMatchObject({ advisories: [], problems: [{ file: file.name }] }));

  it.each([
    ['another release', secdb({}, 'v99')],
    ['a cut recipe', recipe('# secfixes:\n#   1-r0')],
    ['a list', { name: 'main.json', bytes: bytes('[]') }],
  ])('refuses %s', (_, file) => expect(() => parse(file)).toThrow(expect.objectContaining({ name: 'FeedError' })));

  it.for([
    ['alpine-secdb-legacy.tar.zst', 'v3.0', 12_028, 0],
    ['aports-secfixes-edge-2026-08-22.tar.zst', 'edge', 9807, 0],
    ['aports-secfixes-v3.14.tar.zst', 'v3.14', 4784, 0],
    ['aports-secfixes-v3.15.tar.zst', 'v3.15', 5436, 0],
    // One recipe lists names before the first version.
    ['aports-secfixes-v3.16.tar.zst', 'v3.16', 6173, 13],
  ] as const)('understands the real %s', { timeout: 60_000 }, async ([archive, folder, records, odd], { skip }) => {
    const files = sharedArchive(`alpine/${archive}`);
    if (!files) return skip('skipped: no feed data');
    const names = new Set(['main.yaml', 'community.yaml', 'APKBUILD']);
    const facts = parse(
      ...(await files()).filter(({ name }) => names.has(name)).map((file) => ({ ...file, path: `${folder}/${file.path}` })),
    );
    expect(facts.problems).toEqual([]);
    expect(facts.leftOut?.get('names without a version') ?? 0).toBe(odd);
    expect(facts.records).toBe(records);
  });
});

describe.each([
  [wolfi, 'wolfi'],
  [chainguard, 'chainguard'],
] as const)('%#', (feed, ecosystem) => {
  const read = (security: object) =>
    feed.parse([{ name: `${ecosystem}-security.json`, bytes: bytes(JSON.stringify(security)) }], { minimumRecords: 0 });
  const security = (secfixes: object) => ({ apkurl: 'x', reponame: 'os', packages: [{ pkg: { name: 'binutils', secfixes } }] });

  it('says of a distribution without releases which version fixed what, and what never was affected', () => {
    const facts = read(security({ '2.39-r1': ['CVE-2022-38126', 'GHSA-p5f5-3p5g-rfjw'], '0': ['CVE-2022-38127'] }));
    expect(facts).toMatchObject({ records: 3, problems: [] });
    expect(facts.advisories.map(({ id }) => id)).toEqual([
      `${ecosystem}:binutils:0`,
      `${ecosystem}:binutils:2.39-r1`,
      `${ecosystem}:binutils:2.39-r1:GHSA-p5f5-3p5g-rfjw`,
    ]);
    expect(
      facts.advisories.map(({ affected: [one] }) => `${one?.ecosystem} ${one?.release} ${one?.status} ${one?.fixed}`),
    ).toEqual([`${ecosystem}  not-affected null`, `${ecosystem}  fixed 2.39-r1`, `${ecosystem}  fixed 2.39-r1`]);
  });

  it('refuses a list without packages', () => {
    expect(() => read({ apkurl: 'x' })).toThrow(expect.objectContaining({ code: 'SCHEMA' }));
  });
});
