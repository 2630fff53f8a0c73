import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { feeds } from '@vedette/feeds';
import { afterAll, expect, it } from 'vitest';
import { FeedParser } from './feed-parser.ts';
import { filesOf, listDirectory } from './read-feed-directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'vedette-feeds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("reads the records of an ecosystem's zip as if they lay there alone", async () => {
  const record = {
    id: 'GO-2025-0001',
    modified: '2025-01-02T00:00:00Z',
    aliases: ['CVE-2025-0001'],
    affected: [{ package: { ecosystem: 'Go', name: 'x/y' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
  };
  const program =
    'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\nz.writestr("GO-2025-0001.json",sys.argv[2])\nz.close()';
  execFileSync('python3', ['-c', program, join(folder, 'osv-go.zip'), JSON.stringify(record)]);
  const feed = feeds.find(({ name }) => name === 'osv-go');
  const files = feed ? filesOf(feed, await listDirectory(folder)) : [];
  expect(files).toMatchObject([{ name: 'osv-go.zip' }]);
  await using parser = new FeedParser();
  const job = { feed: 'osv-go', files, cves: '', base: zstdCompressSync('{"advisories":[],"vulnerabilities":[]}') };
  expect(await parser.parse(job, new AbortController().signal)).toMatchObject({ records: 1, named: 'CVE-2025-0001' });
});
