import { describe, expect, it } from 'vitest';
import { extractApkInstalled } from './apk-installed.ts';
import { extractDpkg } from './dpkg.ts';

describe('extractApkInstalled', () => {
  it('reads name, version, architecture and origin, whatever the order of files and fields', () => {
    const text =
      'C:Q1x=\nP:libcrypto3\nV:3.1.4-r1\nA:x86_64\no:openssl\nF:lib\nR:libcrypto.so.3\nZ:Q1y=\n\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nP:broken\n\n';
    const read = extractApkInstalled(Buffer.from(text));
    expect(read.packages).toMatchObject([
      {
        type: 'apk',
        name: 'libcrypto3',
        version: '3.1.4-r1',
        architecture: 'x86_64',
        source: 'openssl',
        sourceVersion: '3.1.4-r1',
      },
      { name: 'musl', source: 'musl' },
    ]);
    expect(read.problems).toEqual([{ line: 14, reason: 'broken has no version' }]);
  });

  it('takes the last package also without a line feed at the end', () => {
    expect(extractApkInstalled(Buffer.from('P:a\nV:1-r0')).packages).toMatchObject([{ name: 'a', version: '1-r0' }]);
  });
});

describe('extractDpkg', () => {
  const stanza = (name: string, status: string): string =>
    `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1.0-1+b1\nSource: src (1.0-1)\n\n`;

  it('takes what is installed, with its source, and leaves out what was removed', () => {
    const text =
      stanza('a', 'install ok installed') + stanza('b', 'deinstall ok config-files') + stanza('c', 'install ok half-configured');
    expect(extractDpkg(Buffer.from(text)).packages).toMatchObject([
      { type: 'deb', name: 'a', version: '1.0-1+b1', source: 'src', sourceVersion: '1.0-1' },
      { name: 'c' },
    ]);
  });
});
