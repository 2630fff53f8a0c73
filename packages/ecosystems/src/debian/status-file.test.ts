import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dpkgFact } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EcosystemError } from '../errors.ts';
import { parseDpkgStatus } from './status-file.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name));
const stanza = (fields: Record<string, string>) =>
  Object.entries({ Package: 'foo', Status: 'install ok installed', Architecture: 'amd64', Version: '1.0-1', ...fields })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
const good = stanza({ Package: 'good' });

describe('parseDpkgStatus on real files', () => {
  it('takes name and version of the source from the Source field', () => {
    const { packages, problems } = parseDpkgStatus(fixture('rebuilt-from-source.status'));
    expect(problems).toEqual([]);
    expect(packages.map((row) => [row.name, row.version, row.source, row.sourceVersion])).toEqual([
      ['liblzma5', '5.1.1alpha+20120614-2+b3', 'xz-utils', '5.1.1alpha+20120614-2'],
      ['bsdutils', '1:2.31.1-0.4ubuntu3.1', 'util-linux', '2.31.1-0.4ubuntu3.1'],
      ['libgcc1', '1:8-20180414-1ubuntu2', 'gcc-8', '8-20180414-1ubuntu2'],
      ['libustr-1.0-1', '1.0.4-3+b2', 'ustr', '1.0.4-3'],
      ['passwd', '1:4.5-1ubuntu1', 'shadow', '1:4.5-1ubuntu1'],
      ['libstdc++6', '8-20180414-1ubuntu2', 'gcc-8', '8-20180414-1ubuntu2'],
      ['adduser', '3.116ubuntu1', 'adduser', '3.116ubuntu1'],
    ]);
  });

  it('gives the state of a package of which only configuration files remain', () => {
    const { packages } = parseDpkgStatus(fixture('removed-but-configured.status'));
    expect(packages.map((row) => [row.name, row.state])).toEqual([
      ['linux-image-6.14.0-1012-aws', 'installed'],
      ['linux-image-6.8.0-1029-aws', 'config-files'],
    ]);
  });

  it('takes the state from the third word, not from what is wanted', () => {
    const { packages, problems } = parseDpkgStatus(fixture('all-states.status'));
    expect(packages.map((row) => [row.name, row.state])).toEqual([
      ['wantinstall_installed', 'installed'],
      ['wantdeinstall_installed', 'installed'],
      ['wantdeinstall_configfiles', 'config-files'],
      ['wantinstall_unpacked', 'unpacked'],
      ['wantpurge_installed', 'installed'],
      ['wantinstall_halfinstalled', 'half-installed'],
    ]);
    expect(problems).toEqual([{ line: 25, reason: 'package wantnostatus: Status is missing or unknown' }]);
  });

  it('passes over names that dpkg only heard of', () => {
    const { packages, problems } = parseDpkgStatus(fixture('virtual-packages.status'));
    expect(packages.map((row) => row.name)).toEqual(['libpam-runtime']);
    expect(problems).toEqual([]);
  });

  it('reads a fragment of a distroless image, where no Status means installed', () => {
    const { packages } = parseDpkgStatus(fixture('distroless.fragment'), 'fragment');
    expect(packages).toMatchObject([
      { name: 'foo', version: '1.2.3', state: 'installed' },
      { name: 'bar', version: '1.0', state: 'config-files' },
    ]);
  });

  it('calls a file without field names a problem', () => {
    const { packages, problems } = parseDpkgStatus(fixture('broken-field-names.status'));
    expect(packages).toEqual([]);
    expect(problems).toMatchObject([{ line: 1 }]);
  });
});

describe('parseDpkgStatus', () => {
  it('takes field names in any case, CRLF, more blank lines, and no newline at the end', () => {
    const text = `\n\nPACKAGE: foo\r\nstatus: install ok installed\r\nArchitecture : amd64\r\nversion:1.0\r\n\r\n \n\n${good.trimEnd()}`;
    expect(parseDpkgStatus(text).packages.map((row) => `${row.name} ${row.version} ${row.architecture}`)).toEqual([
      'foo 1.0 amd64',
      'good 1.0-1 amd64',
    ]);
  });

  it('does not take a field out of the description of a package', () => {
    const text = `${stanza({ Description: 'x\n Version: 9.9\n Package: evil\n .\n\tStatus: deinstall ok config-files' })}`;
    expect(parseDpkgStatus(text).packages).toMatchObject([{ name: 'foo', version: '1.0-1', state: 'installed' }]);
  });

  it('keeps the later of two stanzas for one package and says so', () => {
    const { packages, problems } = parseDpkgStatus(`${stanza({})}\n${stanza({ Version: '2.0' })}`);
    expect(packages).toMatchObject([{ version: '2.0' }]);
    expect(problems).toEqual([{ line: 6, reason: 'package foo:amd64 appears more than once' }]);
  });

  it('keeps both architectures of a package', () => {
    expect(parseDpkgStatus(`${stanza({})}\n${stanza({ Architecture: 'i386' })}`).packages).toHaveLength(2);
  });

  it.each([
    ['a name that is none', stanza({ Package: '../../etc' })],
    ['no name', 'Status: install ok installed\nVersion: 1\n'],
    ['a version dpkg refuses', stanza({ Version: '1.0-' })],
    ['no version', 'Package: foo\nStatus: install ok installed\n'],
    ['an unknown state', stanza({ Status: 'install ok haunted' })],
    ['a Status of two words', stanza({ Status: 'install installed' })],
    ['an architecture that is none', stanza({ Architecture: 'amd 64' })],
    ['an open parenthesis in Source', stanza({ Source: 'bar (1.0' })],
    ['a source version dpkg refuses', stanza({ Source: 'bar ()' })],
    ['a source name that is none', stanza({ Source: '-bar' })],
    ['a field given twice', `${stanza({})}Version: 2\n`],
    ['a line without a colon', `${stanza({})}what is this\n`],
    ['a line that begins with a colon', `${stanza({})}: 1\n`],
    ['a version that goes on on the next line', stanza({ Version: '1.0\n 2' })],
    ['a beginning with a blank', ` ${stanza({})}`],
    ['an escape sequence in the version', stanza({ Version: '1.0\u001b[2J' })],
    ['a NUL in the name', stanza({ Package: 'fo\u0000o' })],
  ])('makes a problem of a stanza with %s and keeps the others', (_, broken) => {
    const { packages, problems } = parseDpkgStatus(`${good}\n${broken}\n${stanza({ Package: 'after' })}`);
    expect(packages.map((row) => row.name)).toEqual(['good', 'after']);
    expect(problems).toMatchObject([{ line: 6 }]);
  });

  it('survives bytes that are no text', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x0a]), Buffer.from(good)]);
    expect(parseDpkgStatus(bytes).packages).toHaveLength(1);
  });

  it('throws nothing, and gives rows that the protocol takes, whatever the text', () => {
    const piece = fc.constantFrom(
      'Package: ',
      'Version: ',
      'Status: install ok installed\n',
      'Source: a (',
      ')',
      '\n',
      '\n\n',
      ' ',
      ':',
      '1',
      'foo',
      '\u0000',
      'é',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 60 }), (pieces) => {
        const { packages } = parseDpkgStatus(`${pieces.join('')}\n\n${good}`);
        for (const row of packages) dpkgFact.row.parse(row);
        expect(packages.some((row) => row.name === 'good')).toBe(true);
      }),
    );
  });

  it.each([
    ['one line', (size: number) => 'P'.repeat(size)],
    ['lines without a colon', (size: number) => 'ab\n'.repeat(size / 3)],
    ['blanks', (size: number) => ' '.repeat(size)],
    ['lines of one blank', (size: number) => ' \n'.repeat(size / 2)],
    ['one version', (size: number) => stanza({ Version: '1'.repeat(size) })],
    ['one Status', (size: number) => stanza({ Status: ' \t'.repeat(size / 2) })],
    ['one Source', (size: number) => stanza({ Source: `a${' '.repeat(size)}(` })],
    ['one continued field', (size: number) => `${stanza({})} ${'x\n '.repeat(size / 3)}`],
  ])('comes through four megabytes of %s', (_, make) => {
    const { packages } = parseDpkgStatus(`${make(4 * 1024 * 1024)}\n\n${good}`);
    expect(packages.map((row) => row.name)).toContain('good');
  });

  it('refuses more than 50,000 packages and more than 64 MiB, rather than give a part', () => {
    const many = Array.from({ length: 50_001 }, (_, index) => stanza({ Package: `p${index}` })).join('\n');
    expect(() => parseDpkgStatus(many)).toThrow(EcosystemError);
    expect(() => parseDpkgStatus(new Uint8Array(64 * 1024 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: 'DATABASE_TOO_LARGE' }),
    );
  });

  it('keeps at most 1000 problems', () => {
    expect(parseDpkgStatus('nonsense\n\n'.repeat(2000)).problems).toHaveLength(1000);
  });
});

const dpkgQuery = spawnSync('dpkg-query', ['--version']).status === 0;

describe.runIf(dpkgQuery)(`the real dpkg-query${dpkgQuery ? '' : ' (skipped: no dpkg on this machine)'}`, () => {
  it('lists the same packages, versions, sources and states of this machine', () => {
    const format = '${Package}|${Version}|${Architecture}|${source:Package}|${source:Version}|${db:Status-Status}\\n';
    const listed = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).trim().split('\n').sort();
    const { packages, problems } = parseDpkgStatus(readFileSync('/var/lib/dpkg/status'));
    expect(problems).toEqual([]);
    expect(
      packages.map((row) => [row.name, row.version, row.architecture, row.source, row.sourceVersion, row.state].join('|')).sort(),
    ).toEqual(listed.filter((line) => !line.endsWith('|not-installed')));
  });
});
