import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feeds } from '@vedette/feeds';
import { afterAll, expect, it } from 'vitest';
import { readFeedDirectory } from './read-feed-directory.ts';

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
  const fetched = feed && (await readFeedDirectory(folder, feed));
  expect(fetched).toMatchObject({ location: 'osv-go.zip', files: [{ name: 'GO-2025-0001.json' }] });
  expect(feed?.parse(fetched?.files ?? [], { minimumRecords: 0 }).advisories).toMatchObject([
    { vulnerabilities: ['CVE-2025-0001'] },
  ]);
});
