import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { os } from './index.ts';
import { debianArchitecture, parseOsRelease } from './parse.ts';

describe('parseOsRelease', () => {
  it.each([
    ['a bare value', 'ID=debian', 'debian'],
    ['a value in double quotes', 'ID="de bian"', 'de bian'],
    ['a value in single quotes', "ID='de$bian'", 'de$bian'],
    ['protected characters', 'ID="a\\"b\\$c\\`d\\\\e"', 'a"b$c`d\\e'],
    ['a backslash in single quotes', "ID='a\\b'", 'a\\b'],
    ['the last of two assignments', 'ID=a\nID=b', 'b'],
    ['an equals sign in the value', 'ID=a=b', 'a=b'],
    ['an empty value', 'ID=', ''],
    ['a single quote mark', 'ID="', '"'],
    ['a line with carriage return', 'ID=debian\r\n', 'debian'],
  ])('takes %s', (_, text, expected) => expect(parseOsRelease(text).get('ID')).toBe(expected));

  it.each(['#ID=debian', 'I D=debian', '=debian', 'ID', '1ID=a'])('skips %j', (text) => {
    expect(parseOsRelease(text).size).toBe(0);
  });

  it('takes any text without throwing or growing it', () => {
    const check = (text: string): void => {
      const total = [...parseOsRelease(text)].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      expect(total).toBeLessThanOrEqual(text.length);
    };
    fc.assert(fc.property(hostileText('ID=', 'VERSION_ID="'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('debianArchitecture', () => {
  it.each([
    ['x64', 'amd64'],
    ['arm64', 'arm64'],
    ['arm', 'armhf'],
    ['constructor', 'constructor'],
  ])('names %s %s', (node, debian) => expect(debianArchitecture(node)).toBe(debian));
});

describe('os collector', () => {
  it('answers defaults when nothing can be read', async () => {
    const run = await runCollector(os, fakeHost({}));
    expect(run).toMatchObject({
      status: 'complete',
      rows: [{ id: 'linux', prettyName: 'Linux', hostname: '', architecture: 'amd64' }],
    });
  });

  it('prefers the native architecture that dpkg wrote and cleans the host name', async () => {
    const host = fakeHost({ '/var/lib/dpkg/arch': 'i386\namd64\n', '/proc/sys/kernel/hostname': 'a\u001b[31mb\n' });
    expect((await runCollector(os, host)).rows).toMatchObject([{ architecture: 'i386', hostname: 'a\uFFFD[31mb' }]);
  });

  it('fails when os-release is there but cannot be read', async () => {
    const run = await runCollector(os, fakeHost({ '/etc/os-release': { error: 'DENIED' } }));
    expect(run).toMatchObject({ status: 'failed', rows: [], problems: [{ path: '/etc/os-release', code: 'DENIED', count: 1 }] });
  });
});
