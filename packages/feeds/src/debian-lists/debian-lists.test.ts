import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../errors.ts';
import { debianDla, debianDsa } from './index.ts';

const list = (text: string, name = 'DSA.list') => ({ name, bytes: new TextEncoder().encode(text) });
const parse = (text: string) => debianDsa.parse([list(text)], { minimumRecords: 0 });

const one = `[12 Feb 2025] DSA-5865-1 webkit2gtk - security update
\t{CVE-2025-24143 CVE-2025-24150}
\t[bookworm] - webkit2gtk 2.46.6-1~deb12u1
`;

describe('the advisory lists', () => {
  it('reads an entry', () => {
    expect(parse(one)).toEqual({
      advisories: [
        {
          id: 'DSA-5865-1',
          feed: 'debian-dsa',
          published: '2025-02-12',
          vulnerabilities: ['CVE-2025-24143', 'CVE-2025-24150'],
          affected: [
            {
              ecosystem: 'debian',
              release: 'bookworm',
              package: 'webkit2gtk',
              status: 'fixed',
              introduced: null,
              fixed: '2.46.6-1~deb12u1',
            },
          ],
        },
      ],
      vulnerabilities: [],
      problems: [],
      records: 1,
      leftOut: new Map(),
    });
  });

  it.each([
    ['[woody] - mantis <not-affected> (Vulnerable code not present)', 'woody', 'mantis', 'not-affected', null],
    ['[jessie] - virtualbox <end-of-life>', 'jessie', 'virtualbox', 'affected', null],
    ['[woody] - gallery <unfixed> (high)', 'woody', 'gallery', 'affected', null],
    ['[sarge] - awstats 6.4-1sarge1 (bug #322591; medium)', 'sarge', 'awstats', 'fixed', '6.4-1sarge1'],
    ['[wheezy] - curl  7.26.0-1+wheezy5', 'wheezy', 'curl', 'fixed', '7.26.0-1+wheezy5'],
    ['- linux 1:6.1.128-1', 'sid', 'linux', 'fixed', '1:6.1.128-1'],
  ])('understands %s', (line, ...[release, name, status, fixed]) => {
    const { advisories, problems } = parse(`[01 Jan 2020] DSA-1-1 x\n        ${line}\n`);
    expect(problems).toEqual([]);
    expect(advisories[0]?.affected).toMatchObject([{ release, package: name, status, fixed }]);
  });

  it('reads CVEs that go over several lines, and blanks inside the braces', () => {
    const text = '[01 Jan 2020] DSA-1-1 x\n\t{ CVE-2020-0001\n\tCVE-2020-0002 }\n\t[buster] - jq 1-1\n';
    expect(parse(text).advisories[0]?.vulnerabilities).toEqual(['CVE-2020-0001', 'CVE-2020-0002']);
  });

  it('reads headers without revision, package or description, and entries of notes alone', () => {
    const text =
      '[18 Apr 2018] DSA-4205-1 jessie end-of-life\n\tNOTE: x\n[26 Feb 2009] DSA-1727-1  - x\n\t[etch] - pp 1\n[1 Jan 2003] DSA-185\n\t[woody] - hh 1\n';
    expect(parse(text).advisories.map((advisory) => advisory.id)).toEqual(['DSA-4205-1', 'DSA-1727-1', 'DSA-185']);
  });

  it('takes the newest statement of an advisory that stands in several files', () => {
    const newer = one.replace('12 Feb', '13 Feb').replace('deb12u1', 'deb12u2');
    for (const files of [
      [one, newer],
      [newer, one],
    ]) {
      const facts = debianDsa.parse(
        files.map((text) => list(text)),
        { minimumRecords: 0 },
      );
      expect(facts.records).toBe(1);
      expect(facts.advisories[0]?.affected[0]?.fixed).toBe('2.46.6-1~deb12u2');
    }
  });

  it('keeps only the releases asked for', () => {
    const releases = new Set(['trixie']);
    expect(debianDsa.parse([list(one)], { minimumRecords: 0, releases }).advisories).toEqual([]);
  });

  it.each([
    ['a cut last line', one.slice(0, -5), 'TRUNCATED'],
    ['a header at the end', `${one}[01 Jan 2020] DSA-1-1 x\n`, 'TRUNCATED'],
    ['CVEs without package at the end', `${one}[01 Jan 2020] DSA-1-1 x\n\t{CVE-2020-0001}\n`, 'TRUNCATED'],
    ['an open brace at the end', `${one}[01 Jan 2020] DSA-1-1 x\n\t{CVE-2020-0001\n`, 'TRUNCATED'],
    ['the page of a proxy', '<html>Please log in</html>\n', 'SCHEMA'],
    ['the other list', one.replace('DSA', 'DLA'), 'SCHEMA'],
    ['mostly odd lines', one + '\t[x] y z\n'.repeat(4), 'TOO_MANY_PROBLEMS'],
    ['one line of 10 MB', 'x'.repeat(10_000_000), 'TOO_LARGE'],
    ['NUL bytes', one.replace('webkit2gtk', 'web\0kit'), 'NOT_TEXT'],
    [
      'an advisory of 30,000 CVEs',
      `[01 Jan 2020] DSA-1-1 x\n${'\t{CVE-2020-0001}\n'.repeat(30_000)}\t[buster] - jq 1\n`,
      'TOO_LARGE',
    ],
  ])('refuses %s', (_, text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'FeedError', code }));
  });

  it('refuses a short list although it is well-formed', () => {
    expect(() => debianDsa.parse([list(one)])).toThrow(expect.objectContaining({ code: 'TOO_FEW_RECORDS' }));
    expect(() => debianDsa.parse([])).toThrow(FeedError);
  });

  it('leaves names and versions out that policy forbids, and says where', () => {
    const text = `${one}\t[bookworm] - __proto__ 1\n\t[bookworm] - ok $(id)\n`;
    const facts = parse(text);
    expect(facts.advisories[0]?.affected).toHaveLength(1);
    expect(facts.problems.map((problem) => problem.line)).toEqual([4, 5]);
  });

  it('takes the name of an object member as an ordinary package', () => {
    expect(parse(one.replace('webkit2gtk 2', 'constructor 2')).advisories[0]?.affected[0]?.package).toBe('constructor');
  });
});

const data = resolve(process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'), 'data/debian');
const archive = resolve(data, 'security-tracker-lists-2025-02-13.tar.zst');
const derived = resolve(data, 'derived-dsa-dla-since-2025-02-13.tar.zst');

describe.runIf(existsSync(archive))('the real lists', () => {
  const read = (path: string, ending: string) => {
    const tar = (args: string[]) => execFileSync('tar', ['--zstd', ...args], { maxBuffer: 64 * 1024 * 1024 });
    const member =
      tar(['-tf', path])
        .toString()
        .split('\n')
        .find((name) => name.endsWith(ending)) ?? '';
    return { name: ending, bytes: new Uint8Array(tar(['-xOf', path, member])) };
  };

  it.each([
    [debianDsa, archive, 'DSA.list', 1],
    [debianDla, archive, 'DLA.list', 0],
    [debianDsa, derived, 'DSA-since-2025-02-13.list', 0],
    [debianDla, derived, 'DLA-since-2025-02-13.list', 0],
  ] as const)('are understood line by line: %#', (feed, path, name, odd) => {
    const file = read(path, name);
    const facts = feed.parse([file], { minimumRecords: 0 });
    const lines = new TextDecoder().decode(file.bytes).split('\n');
    // Counted another way: by what lines begin with.
    const packages = lines.filter((line) => /^\s+(\[[a-z]+\] )?- /.test(line)).length;
    const cves = new Set(lines.flatMap((line) => (line.trim().startsWith('{') ? (line.match(/CVE-\d+-\d+/g) ?? []) : [])));
    expect(facts.problems).toHaveLength(odd); // the odd one has a package's name in place of a version
    expect(facts.records).toBe(lines.filter((line) => line.startsWith('[')).length);
    expect(facts.advisories.flatMap((advisory) => advisory.affected)).toHaveLength(packages - odd);
    expect(new Set(facts.advisories.flatMap((advisory) => advisory.vulnerabilities))).toEqual(cves);
  });

  it('are accepted as complete, and half of one is not', () => {
    expect(debianDsa.parse([read(archive, 'DSA.list')]).records).toBe(5909);
    expect(debianDla.parse([read(archive, 'DLA.list')]).records).toBe(4224);
    const whole = read(archive, 'DSA.list');
    const text = new TextDecoder().decode(whole.bytes);
    const half = text.slice(0, text.indexOf('\n[', text.length / 2) + 1);
    expect(() => debianDsa.parse([list(half)])).toThrow(expect.objectContaining({ code: 'TOO_FEW_RECORDS' }));
  });
});

if (!existsSync(archive)) process.stdout.write('skipped: no feed data\n');
