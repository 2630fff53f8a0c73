import { describe, expect, it } from 'vitest';
import { nvd } from './index.ts';

const metric = (version: string, vectorString: string, baseScore: number, source = 'nvd@nist.gov') => ({
  source,
  type: 'Primary',
  cvssData: { version, vectorString, baseScore },
});
const v31 = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
const item = (more: object = {}) => ({
  cve: {
    id: 'CVE-2026-0001',
    sourceIdentifier: 'x@example.org',
    published: '2026-01-02T03:04:05.678',
    lastModified: '2026-02-03T04:05:06.789',
    vulnStatus: 'Analyzed',
    descriptions: [{ lang: 'en', value: 'prose that nobody reads' }],
    metrics: {
      cvssMetricV31: [metric('3.1', v31, 9.8), metric('3.1', v31, 9.1, 'cna@example.org')],
      cvssMetricV2: [metric('2.0', 'AV:N/AC:M/Au:N/C:P/I:N/A:N', 4.3)],
    },
    weaknesses: [
      {
        source: 'x',
        type: 'Primary',
        description: [
          { lang: 'en', value: 'CWE-79' },
          { lang: 'en', value: 'NVD-CWE-noinfo' },
        ],
      },
    ],
    ...more,
  },
});
const year = (items: readonly unknown[], totalResults = items.length) => ({
  resultsPerPage: items.length,
  startIndex: 0,
  totalResults,
  format: 'NVD_CVE',
  version: '2.0',
  timestamp: '2026-11-20T03:00:01.000',
  vulnerabilities: items,
});
const file = (name: string, content: unknown) => ({
  name,
  bytes: new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
});
const parse = (content: unknown) => nvd.parse([file('nvdcve-2.0-2026.json', content)]);

describe('a yearly file of NVD in format 2.0', () => {
  it("gives NVD's own scores, weaknesses and days", () => {
    expect(parse(year([item()]))).toMatchObject({
      records: 1,
      problems: [],
      vulnerabilities: [
        {
          id: 'CVE-2026-0001',
          published: '2026-01-02',
          modified: '2026-02-03',
          cvss: [
            { version: '2.0', score: 4.3, source: 'nvd' },
            { version: '3.1', vector: v31, score: 9.8, source: 'nvd' },
          ],
          cwe: ['CWE-79'],
        },
      ],
    });
  });

  it('may lack what is not analysed yet', () => {
    const facts = parse(year([item({ metrics: {}, weaknesses: undefined })]));
    expect(facts).toMatchObject({ problems: [], vulnerabilities: [{ cvss: [], cwe: [] }] });
  });

  it('leaves out an entry that is none, and says which', () => {
    const facts = parse(year([...Array.from({ length: 60 }, () => item()), { cve: { id: 'x' } }]));
    expect(facts.problems).toMatchObject([{ line: 61, message: 'not a CVE item' }]);
  });

  it.each([
    ['cut', JSON.stringify(year([item()])).slice(0, -40), 'nvdcve-2.0-2026.json'],
    ['shorter than it says', year([item()], 2), 'nvdcve-2.0-2026.json'],
    ['of another format', { ...year([item()]), format: 'NVD_CPE' }, 'field "vulnerabilities"'],
    ['a page of a portal', '<html>', 'nvdcve-2.0-2026.json'],
  ])('is refused where it is %s', (_what, content, reason) => expect(() => parse(content)).toThrow(reason));
});

describe('the note beside the file of changes', () => {
  const read = (text: string, since: string | null) =>
    nvd.changes?.read(file('nvdcve-2.0-modified.meta', text), since, new Set());
  const meta = 'lastModifiedDate:2026-11-20T03:00:01-05:00\r\nsize:1\r\nsha256:AB\r\n';
  it.each([
    [null, []],
    ['2026-11-20T08:00:02Z', []],
    ['2026-11-20T08:00:00Z', ['nvdcve-2.0-modified.json.gz']],
  ])('after %s leads to %j', (since, expected) => {
    expect(read(meta, since)?.map(({ source }) => source.pattern)).toEqual(
      since === null ? ['nvdcve-2.0-modified.json.gz'] : expected,
    );
  });
  it('is refused where it has no day', () => expect(() => read('<html></html>\n', null)).toThrow('lastModifiedDate'));
});
