import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moduleStream, parseNevra, parseRpmPurl } from './rpm-package.ts';

describe('parseRpmPurl', () => {
  it.each([
    ['pkg:rpm/redhat/httpd@2.4.37-65.el9?arch=x86_64&epoch=1', 'httpd 1:2.4.37-65.el9 x86_64 -'],
    [
      'pkg:rpm/redhat/httpd@2.4.37-65.module%2Bel8?arch=aarch64&rpmmod=httpd:2.4:81:48',
      'httpd 2.4.37-65.module+el8 aarch64 httpd:2.4',
    ],
    ['pkg:rpm/suse/libstdc%2B%2B6@13-1.1?arch=x86_64&epoch=0', 'libstdc++6 13-1.1 x86_64 -'],
    ['pkg:rpm/redhat/openssl?arch=src', 'openssl - src -'],
    ['pkg:rpm/openssl', 'openssl - - -'],
  ])('reads %s', (purl, expected) => {
    const found = parseRpmPurl(purl);
    expect(`${found?.name} ${found?.version ?? '-'} ${found?.architecture ?? '-'} ${found?.module ?? '-'}`).toBe(expected);
  });

  it.each([
    'pkg:oci/ubi9@1',
    'pkg:rpm/redhat/a b@1',
    'pkg:rpm/redhat/a@%zz-1',
    'pkg:rpm/redhat/a@1-1?epoch=x',
    'pkg:rpm/redhat/%3Cscript%3E@1-1',
    'x',
  ])('knows nothing of %s', (purl) => expect(parseRpmPurl(purl)).toBeNull());

  it('throws for no text', () => {
    const part = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.tuple(part, part, part), ([name, version, query]) => {
        expect(() => {
          parseRpmPurl(`pkg:rpm/${name}@${version}?${query}`);
          parseNevra(name);
          parseNevra(`${name}-${version}-${query}.x86_64`);
        }).not.toThrow();
      }),
    );
  });
});

describe('parseNevra', () => {
  it.each([
    ['openssl-libs-1:3.0.7-28.el9.x86_64', 'openssl-libs 1:3.0.7-28.el9 x86_64'],
    ['1:openssl-libs-3.0.7-28.el9.x86_64.rpm', 'openssl-libs 1:3.0.7-28.el9 x86_64'],
    ['libopenssl1_1-1.1.1l-150500.17.22.1.noarch', 'libopenssl1_1 1.1.1l-150500.17.22.1 noarch'],
    ['java-1.8.0-openjdk-1.8.0.412.b08-2.el8.src', 'java-1.8.0-openjdk 1.8.0.412.b08-2.el8 src'],
    ['kernel-0:5.14.0-70.el9.aarch64', 'kernel 5.14.0-70.el9 aarch64'],
  ])('reads %s', (text, expected) => {
    const found = parseNevra(text);
    expect(`${found?.name} ${found?.version} ${found?.architecture}`).toBe(expected);
  });

  it.each(['openssl', 'openssl-3.0', 'openssl-3.0-1', 'a b-1-1.x86_64', '-1-1.x86_64', `${'a-'.repeat(50_000)}1.x86_64`])(
    'knows nothing of %s',
    (text) => expect(parseNevra(text)).toBeNull(),
  );
});

describe('moduleStream', () => {
  it.each([
    ['nodejs:20:8100020240612075645:489197e6', 'nodejs:20'],
    ['firefox:flatpak', 'firefox:flatpak'],
    ['container-tools:rhel8/podman', 'container-tools:rhel8'],
    ['nodejs', null],
    ['a b:c', null],
  ])('%s: %s', (text, expected) => expect(moduleStream(text)).toBe(expected));
});
