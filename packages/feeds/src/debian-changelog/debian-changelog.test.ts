import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianChangelog } from './index.ts';
import { releaseOfUpdate } from './parse.ts';

const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
const entry = (version: string, cves: string) =>
  `jq (${version}) bookworm-security; urgency=high\n\n  * Fix ${cves}\n\n -- A B <a@b.c>  Wed, 21 Oct 2026 16:54:24 +0700\n\n`;

describe('debian-changelog', () => {
  it('says of a stable update that it fixes the CVEs its entry names', () => {
    const facts = debianChangelog.parse([file('jq.changelog', entry('1.6-2.1+deb12u1', 'CVE-2024-23337, CVE-2025-48060'))]);
    expect(facts.advisories).toEqual([
      {
        id: 'debian-changelog:jq:1.6-2.1+deb12u1',
        feed: 'debian-changelog',
        published: '2026-10-21',
        vulnerabilities: ['CVE-2024-23337', 'CVE-2025-48060'],
        affected: [
          {
            ecosystem: 'debian',
            release: 'bookworm',
            package: 'jq',
            status: 'fixed',
            introduced: null,
            fixed: '1.6-2.1+deb12u1',
          },
        ],
      },
    ]);
  });

  it('gives a CVE to the first of several updates, in changelogs and tables', () => {
    const changelog = entry('1.6-2.1+deb12u10', 'CVE-2024-0001 CVE-2024-0002') + entry('1.6-2.1+deb12u9', 'CVE-2024-0001');
    const table = '#source\tversion\tcve\njq\t1.6-2.1+deb12u10\tCVE-2024-0001\njq\t1.6-2.1+deb12u9\tCVE-2024-0001\n';
    const statements = debianChangelog
      .parse([file('jq.changelog', changelog)])
      .advisories.map((one) => `${one.id} ${one.vulnerabilities.join()}`)
      .toSorted();
    expect(statements).toEqual([
      'debian-changelog:jq:1.6-2.1+deb12u10 CVE-2024-0002',
      'debian-changelog:jq:1.6-2.1+deb12u9 CVE-2024-0001',
    ]);
    const fromTable = debianChangelog.parse([file('changelog-fixes-bookworm.tsv', table)]).advisories;
    expect(fromTable.map((one) => one.id)).toEqual(['debian-changelog:jq:1.6-2.1+deb12u9']);
  });

  it.each([
    ['1.6-2.1+deb12u1', 'bookworm'],
    ['3.0.22-1~deb12u2', 'bookworm'],
    ['1.0-1+deb13u1', 'trixie'],
    ['1.0-1', null],
    ['1.0-1~bpo12+1', null],
    ['1.0-1+deb12u1~bpo11+1', null],
    ['1.0-1+deb99u1', null],
  ])('takes %s for an update of %s', (version, release) => expect(releaseOfUpdate(version)).toBe(release));

  it('does not speak of versions of unstable', () => {
    const facts = debianChangelog.parse([file('jq.changelog', entry('1.7-1', 'CVE-2024-0001'))], { minimumRecords: 0 });
    expect(facts.advisories).toEqual([]);
  });

  it.each([
    ['an entry without an end', 'jq.changelog', entry('1-1+deb12u1', 'CVE-2024-0001').split(' -- ')[0] ?? '', 'TRUNCATED'],
    ['a cut line', 'jq.changelog', 'jq (1) x', 'TRUNCATED'],
    ['something else', 'jq.changelog', '<html>\n', 'SCHEMA'],
    ['a table of other columns', 'changelog-fixes-x.tsv', 'a,b\n', 'SCHEMA'],
    ['a changelog without updates', 'jq.changelog', entry('1-1', 'CVE-2024-0001'), 'TOO_FEW_RECORDS'],
  ])('refuses %s', (_, name, text, code) => {
    expect(() => debianChangelog.parse([file(name, text)])).toThrow(expect.objectContaining({ name: 'FeedError', code }));
  });
});

const data = resolve(process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'), 'data/debian');
const present = existsSync(data);

describe.runIf(present)(`real changelogs${present ? '' : ' (skipped: no feed data)'}`, () => {
  const tar = (...args: string[]) => execFileSync('tar', ['--zstd', ...args], { maxBuffer: 64 * 1024 * 1024 });
  const read = (archive: string, ending: string) =>
    tar('-tf', resolve(data, archive))
      .toString()
      .split('\n')
      .filter((name) => name.endsWith(ending))
      .map((name) => ({ name: name.split('/').at(-1) ?? '', bytes: new Uint8Array(tar('-xOf', resolve(data, archive), name)) }));

  it('say the same as the table made from them', () => {
    const changelogs = debianChangelog.parse(read('package-changelogs-bookworm.tar.zst', '.changelog'));
    const table = debianChangelog.parse(read('derived-dsa-dla-since-2025-02-13.tar.zst', '.tsv'));
    const statements = (facts: typeof table) =>
      facts.advisories.flatMap((one) => one.vulnerabilities.map((cve) => `${one.id} ${cve}`)).toSorted();
    expect(changelogs.problems).toEqual([]);
    expect(table.problems).toEqual([]);
    expect(statements(changelogs)).toEqual(statements(table));
  });
});

if (!present) process.stdout.write('skipped: no feed data\n');
