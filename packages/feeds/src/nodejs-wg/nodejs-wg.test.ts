import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { nodejsWg } from './index.ts';

const entry = {
  id: 96,
  module_name: 'Airbrake',
  publish_date: '2016-03-28',
  updated_at: '2016-04-25',
  cves: [] as string[],
  vulnerable_versions: '<=0.3.8',
  patched_versions: '>=0.4.0',
  cvss_vector: 'CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N',
};
const parse = (more: object, path?: string) =>
  nodejsWg.parse(
    [
      {
        name: '96.json',
        ...(path === undefined ? {} : { path }),
        bytes: new TextEncoder().encode(JSON.stringify({ ...entry, ...more })),
      },
    ],
    { minimumRecords: 0 },
  );

describe('nodejs-wg', () => {
  it('takes package, range, fix, dates and score', () => {
    const { advisories, vulnerabilities } = parse({});
    expect(advisories).toEqual([
      {
        id: 'NSWG-ECO-96',
        feed: 'nodejs-wg',
        published: '2016-03-28',
        modified: '2016-04-25',
        vulnerabilities: [],
        affected: [
          {
            ecosystem: 'npm',
            release: '',
            package: 'Airbrake',
            introduced: null,
            status: 'fixed',
            fixed: '0.4.0',
            lastAffected: '0.3.8',
          },
        ],
      },
    ]);
    expect(vulnerabilities).toMatchObject([{ id: 'NSWG-ECO-96', cvss: [{ version: '3.0', score: 5.3 }] }]);
  });

  it('gives the score to the one CVE, and to none of two', () => {
    expect(parse({ cves: ['CVE-2016-0001'] }).vulnerabilities.map(({ id }) => id)).toEqual(['CVE-2016-0001']);
    expect(parse({ cves: ['CVE-2016-0001', 'CVE-2016-0002'] }).vulnerabilities).toEqual([]);
  });

  it('knows no fix where only some branches have one', () => {
    const [advisory] = parse({ patched_versions: '~0.3.9 || >=0.4.0' }).advisories;
    expect(advisory?.affected).toMatchObject([{ status: 'affected', fixed: null, lastAffected: '0.3.8' }]);
  });

  it('leaves out what has no range, and passes over the parts of Node.js itself', () => {
    expect(parse({ vulnerable_versions: 'all' }).leftOut).toEqual(new Map([['a name or range that is none', 1]]));
    expect(parse({}, 'nodejs-security-wg-vuln/vuln/core/96.json').records).toBe(0);
    expect(parse({}, 'nodejs-security-wg-vuln/vuln/npm/96.json').records).toBe(1);
  });

  it('understands the whole real database', { timeout: 60_000 }, async ({ skip }) => {
    const files = sharedArchive('lang/nodejs-security-wg-vuln.tar.zst');
    if (!files) return skip('skipped: no feed data');
    const facts = nodejsWg.parse(await files());
    expect(facts.problems).toEqual([]);
    expect(facts.records).toBe(467);
    expect([facts.advisories.length, facts.leftOut]).toEqual([467, new Map()]);
  });
});
