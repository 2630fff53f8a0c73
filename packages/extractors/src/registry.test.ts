import { hostileText, oversizedTexts } from '@vedette/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractionLimits, ExtractorError, extractorFor, extractors, type Extraction } from './index.ts';

/** What every extractor promises, whatever it reads; the broken promises. */
function brokenPromises(extract: (content: Uint8Array) => Extraction, content: Uint8Array): unknown[] {
  let read: Extraction;
  try {
    read = extract(content);
  } catch (error) {
    return error instanceof ExtractorError ? [] : [error];
  }
  return [
    ...read.packages.filter(
      (found) =>
        found.name === '' ||
        found.version === '' ||
        found.name.length > extractionLimits.nameChars ||
        /\p{Cc}/u.test([found.name, found.version, found.source, found.architecture, found.module].join('')),
    ),
    ...(read.problems.length > extractionLimits.problems ? ['too many problems'] : []),
  ];
}

const fragments = [
  '{"packages":',
  '[[package]]\n',
  'name = "',
  'version',
  'Package: a\nVersion: 1\nStatus: install ok installed\n',
  'P:a\nV:1\n',
  '<project>',
  '{"bomFormat":"CycloneDX","components":[',
  '{"purl":"pkg:deb/debian/a@1"}',
  ']}',
  'PackageName: a\n',
  'ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n',
  'module a\n',
  'require b v1\n',
  'a==1\n',
  'GEM\n',
  '    a (1)\n',
];

describe.each(extractors)('$name', ({ extract }) => {
  it.each([
    ['text', hostileText(...fragments).map((text): Uint8Array => Buffer.from(text))],
    ['bytes', fc.uint8Array({ maxLength: 2000 })],
    ['JSON', fc.json().map((text): Uint8Array => Buffer.from(text))],
  ])('throws nothing but ExtractorError, and keeps its limits, for any %s', (_, contents) => {
    fc.assert(
      fc.property(contents, (content) => {
        expect(brokenPromises(extract, content)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('comes through oversized texts', () => {
    expect(oversizedTexts.flatMap((text) => brokenPromises(extract, Buffer.from(text)))).toEqual([]);
  });

  it('refuses a file above the limit before it reads it', () => {
    expect(() => extract(new Uint8Array(extractionLimits.fileBytes + 1))).toThrow(ExtractorError);
  });
});

describe('extractorFor', () => {
  it.each([
    ['package-lock.json', '{}', 'npm-lock'],
    ['npm-shrinkwrap.json', '{}', 'npm-lock'],
    ['requirements-dev.txt', '', 'requirements'],
    ['app.cdx.json', '{}', 'cyclonedx'],
    ['status', 'Package: a\nStatus: install ok installed\n', 'dpkg'],
    ['installed', 'C:Q1abc=\nP:musl\nV:1.2.3-r0\n', 'apk'],
    ['stdin', '{"bomFormat": "CycloneDX"}', 'cyclonedx'],
    ['stdin', '{"spdxVersion": "SPDX-2.3"}', 'spdx'],
    ['stdin', 'SPDXVersion: SPDX-2.3\n', 'spdx-tag-value'],
    ['stdin', '# yarn lockfile v1\n', 'yarn-lock'],
    ['stdin', '{"lockfileVersion": 3}', 'npm-lock'],
    ['stdin', 'module example.org/a\n\ngo 1.21\n', 'go-mod'],
    ['stdin', 'flask==1.0\n', 'requirements'],
    ['picture.png', '\u0089PNG', undefined],
    ['empty', '', undefined],
  ])('takes %s that begins with %j for %s', (name, text, expected) => {
    expect(extractorFor(name, Buffer.from(text))?.name).toBe(expected);
  });
});
