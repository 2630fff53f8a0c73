import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPurl, parsePurl, purlPackage, type FoundPackage } from './index.ts';

describe('purlPackage', () => {
  it.each([
    ['pkg:npm/%40angular/core@12.3.1', { type: 'npm', name: '@angular/core', version: '12.3.1' }],
    ['pkg:npm/left-pad@1.0.0', { type: 'npm', name: 'left-pad', version: '1.0.0' }],
    [
      'pkg:maven/org.apache.commons/commons-lang3@3.1?type=jar',
      { type: 'maven', name: 'org.apache.commons:commons-lang3', version: '3.1' },
    ],
    [
      'pkg:golang/github.com/Foo/bar@v1.2.3%2Bincompatible#sub',
      { type: 'golang', name: 'github.com/Foo/bar', version: 'v1.2.3+incompatible' },
    ],
    ['pkg:pypi/Zope_Interface@5.0', { type: 'pypi', name: 'zope-interface', version: '5.0' }],
    ['PKG:gem/rails@7.0.0', { type: 'gem', name: 'rails', version: '7.0.0' }],
    [
      'pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl',
      {
        type: 'deb',
        name: 'libssl3',
        version: '3.0.11-1~deb12u2',
        architecture: 'amd64',
        source: 'openssl',
        distribution: { id: 'debian', versionId: '12', codename: '' },
      },
    ],
    ['pkg:deb/debian/libssl3@3?distro=bookworm', { distribution: { id: 'debian', versionId: '', codename: 'bookworm' } }],
    [
      'pkg:rpm/centos/openssl-libs@1.0.2k-16.el7?arch=x86_64&epoch=1&distro=centos-7.6.1810',
      { type: 'rpm', version: '1:1.0.2k-16.el7', distribution: { id: 'centos', versionId: '7.6.1810' } },
    ],
    ['pkg:apk/alpine/busybox-binsh@1.36.1-r2?upstream=busybox%401.36.1-r2', { source: 'busybox', sourceVersion: '1.36.1-r2' }],
  ])('reads %s', (text, expected) => {
    const purl = parsePurl(text);
    expect(purl && purlPackage(purl)).toMatchObject(expected);
  });

  it.each(['', 'pkg:', 'pkg:npm', 'pkg:npm/', 'http://x', 'pkg:npm/a%ZZ@1', `pkg:npm/${'a'.repeat(5000)}`])(
    'takes %j for no purl',
    (text) => {
      expect(parsePurl(text)).toBeNull();
    },
  );

  it('knows no packages of a type it has never heard of', () => {
    const purl = parsePurl('pkg:k8s/a@1');
    expect(purl).not.toBeNull();
    expect(purl && purlPackage(purl)).toBeNull();
  });

  it('gives a name, or nothing, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const purl = parsePurl(`pkg:${text}`);
        expect((purl && purlPackage(purl))?.name).not.toBe('');
      }),
    );
  });
});

describe('formatPurl', () => {
  const segment = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '' && !/[/@\p{Cc}]/u.test(text));
  it.each(['npm', 'maven', 'golang', 'deb', 'rpm', 'cargo', 'nuget'] as const)('writes %s so that it reads the same', (type) => {
    fc.assert(
      fc.property(segment, segment, (one, two) => {
        const name =
          type === 'maven'
            ? `${one.replaceAll(':', '')}g:${two.replaceAll(':', '')}a`
            : type === 'golang'
              ? `${one}/${two}`
              : one;
        const found: FoundPackage = {
          type,
          name,
          version: `1.0~${two}`,
          architecture: 'amd64',
          source: two,
          sourceVersion: `1:2~${one}`,
          isSourceKnown: true,
          module: '',
          distribution: null,
        };
        const purl = parsePurl(formatPurl(found, { id: 'debian', versionId: '12', codename: '' }));
        expect(purl && purlPackage(purl)).toMatchObject({
          type,
          name,
          version: found.version,
          ...(type === 'deb' || type === 'rpm' ? { source: two, sourceVersion: found.sourceVersion } : {}),
        });
      }),
    );
  });
});
