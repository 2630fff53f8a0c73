import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../errors.ts';
import { feeds } from '../registry.ts';

const cves = new Set(['CVE-2026-1234', 'CVE-2026-0005', 'CVE-2026-9']);

function read(name: string, text: string, since: string | null = null): string[] {
  const changes = feeds.find((feed) => feed.name === name)?.changes;
  const list = { name: changes?.list.pattern ?? '', bytes: new TextEncoder().encode(text) };
  return (changes?.read(list, since, cves) ?? []).map(({ at, source }) => `${at} ${source.url.split('/').slice(3).join('/')}`);
}

describe('modified_id.csv of osv.dev', () => {
  const list = '2026-08-03T00:00:00Z,GO-2026-3\n2026-08-02T00:00:00.5Z,GO-2026-2\n2026-08-01T00:00:00Z,GO-2026-1\n';

  it('gives what changed since, the oldest first', () => {
    expect(read('osv-go', list)).toHaveLength(3);
    expect(read('osv-go', list, '2026-08-01T00:00:00Z')).toEqual([
      '2026-08-02T00:00:00.5Z Go/GO-2026-2.json',
      '2026-08-03T00:00:00Z Go/GO-2026-3.json',
    ]);
    expect(read('osv-go', list, '2026-08-03T00:00:00Z')).toEqual([]);
  });

  it('forms the address of a record out of its name only', () => {
    expect(read('osv-rocky', '2026-08-03T00:00:00Z,RLSA-2026:1\n')).toEqual([
      '2026-08-03T00:00:00Z Rocky%20Linux/RLSA-2026%3A1.json',
    ]);
    expect(read('osv-go', '2026-08-03T00:00:00Z,../../x\n2026-08-03T00:00:00Z,a/b\n2026-08-03T00:00:00Z,a..b\n')).toEqual([]);
  });

  it.each([
    ['a page of a portal', '<html>\n<body>\n<p>log in</p>\n</body>\n</html>\n'],
    ['a cut list', list.slice(0, -3)],
    ['no text', '\0\n'],
  ])('refuses %s', (_, text) => {
    expect(() => read('osv-go', text)).toThrow(FeedError);
  });

  it('throws nothing but FeedError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        let thrown: unknown = null;
        try {
          read('osv-go', text);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === null || thrown instanceof FeedError).toBe(true);
      }),
    );
  });
});

describe('deltaLog.json of the CVE list', () => {
  const log = [
    { fetchTime: '2026-08-03T00:00:00.000Z', new: [{ cveId: 'CVE-2026-1234' }], updated: [{ cveId: 'CVE-2026-4444' }] },
    { fetchTime: '2026-08-02T00:00:00.000Z', new: [], updated: [{ cveId: 'CVE-2026-1234' }, { cveId: 'CVE-2026-0005' }] },
    { fetchTime: '2026-08-01T00:00:00.000Z', updated: [{ cveId: 'CVE-2026-0005' }, { cveId: '../x' }, { cveId: 'CVE-2026-9' }] },
  ];
  const place = 'CVEProject/cvelistV5/main/cves/2026';

  it('gives what changed of known vulnerabilities, each once, at its last change', () => {
    expect(read('cve-5', JSON.stringify(log))).toEqual([
      `2026-08-02T00:00:00.000Z ${place}/0xxx/CVE-2026-0005.json`,
      `2026-08-03T00:00:00.000Z ${place}/1xxx/CVE-2026-1234.json`,
    ]);
    expect(read('cve-5', JSON.stringify(log), '2026-08-02T00:00:00.000Z')).toHaveLength(1);
  });

  it.each(['{}', '[{"fetchTime":"yesterday"}]', '[{}]', 'null', '<html>'])('refuses %s', (text) => {
    expect(() => read('cve-5', text)).toThrow(FeedError);
  });
});
