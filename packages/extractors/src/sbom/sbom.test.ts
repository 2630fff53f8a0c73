import { describe, expect, it } from 'vitest';
import { ExtractorError } from '../errors.ts';
import { extractCycloneDx } from './cyclonedx.ts';
import { extractSpdxJson, extractSpdxTagValue } from './spdx.ts';

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const openssl = 'pkg:rpm/centos/openssl-libs@1.0.2k-16.el7?arch=x86_64&epoch=1&distro=centos-7.6.1810';

describe('extractCycloneDx', () => {
  it('takes nested components, the operating system, and the source that Trivy names', () => {
    const read = extractCycloneDx(
      json({
        bomFormat: 'CycloneDX',
        specVersion: '1.5',
        components: [
          { type: 'operating-system', name: 'debian', version: '12.5' },
          {
            type: 'library',
            name: 'libssl3',
            purl: 'pkg:deb/debian/libssl3@3.0.11-1',
            properties: [
              { name: 'aquasecurity:trivy:SrcName', value: 'openssl' },
              { name: 'aquasecurity:trivy:SrcVersion', value: '3.0.11' },
              { name: 'aquasecurity:trivy:SrcRelease', value: '1' },
            ],
            components: [{ type: 'library', name: 'a', purl: 'pkg:npm/a@1.0.0' }],
          },
          { type: 'library', name: 'unnamed' },
          { type: 'application', name: 'lock file' },
        ],
      }),
    );
    expect(read.distribution).toEqual({ id: 'debian', versionId: '12.5', codename: '' });
    expect(read.packages).toMatchObject([
      { type: 'deb', name: 'libssl3', source: 'openssl', sourceVersion: '3.0.11-1' },
      { type: 'npm', name: 'a', version: '1.0.0' },
    ]);
    expect(read.problems).toEqual([{ line: 0, reason: 'unnamed has no package URL' }]);
  });

  it('refuses a document that nests without end', () => {
    let component: object = {};
    for (let depth = 0; depth < 100; depth += 1) component = { components: [component] };
    expect(() => extractCycloneDx(json({ bomFormat: 'CycloneDX', components: [component] }))).toThrow(ExtractorError);
  });
});

describe('SPDX', () => {
  const expected = [
    { type: 'rpm', name: 'openssl-libs', version: '1:1.0.2k-16.el7', source: 'openssl', sourceVersion: '1:1.0.2k-16.el7' },
  ];

  it('reads packages and operating system out of JSON', () => {
    const read = extractSpdxJson(
      json({
        spdxVersion: 'SPDX-2.3',
        packages: [
          { SPDXID: 'SPDXRef-OperatingSystem-1', name: 'centos', versionInfo: '7.6.1810' },
          { SPDXID: 'SPDXRef-Image', name: 'image' },
          {
            name: 'openssl-libs',
            versionInfo: '1.0.2k',
            sourceInfo: 'built package from: openssl 1:1.0.2k-16.el7',
            externalRefs: [
              { referenceType: 'cpe23Type', referenceLocator: 'x' },
              { referenceType: 'purl', referenceLocator: openssl },
            ],
          },
        ],
      }),
    );
    expect(read).toMatchObject({ distribution: { id: 'centos', versionId: '7.6.1810' }, packages: expected, problems: [] });
  });

  it('reads the same out of tag-value text', () => {
    const text = `SPDXVersion: SPDX-2.2\n\nPackageName: centos\nSPDXID: SPDXRef-OperatingSystem-1\nPackageVersion: 7.6.1810\n\nPackageName: openssl-libs\nPackageVersion: 1.0.2k\nPackageSourceInfo: built package from: openssl 1:1.0.2k-16.el7\nExternalRef: SECURITY cpe23Type cpe:2.3:a\nExternalRef: PACKAGE-MANAGER purl ${openssl}\n`;
    expect(extractSpdxTagValue(Buffer.from(text))).toMatchObject({ distribution: { id: 'centos' }, packages: expected });
  });
});
