import { describe, expect, it } from 'vitest';
import { fakeHost, sharedArchive } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { rpm } from './index.ts';
import { hostBytes } from './parse.ts';

describe('hostBytes', () => {
  const content = Uint8Array.from({ length: 2_000_000 }, (_, index) => index % 251);
  const host = fakeHost({ '/db': content, '/broken': { error: 'DENIED' } });

  it.each([
    [0, 16],
    [262_140, 262_150],
    [262_143, 262_144],
    [100, 1_500_000],
    [1_999_990, 3_000_000],
    [5, 5],
  ])('gives bytes %i to %i as they are', (start, end) => {
    expect(Buffer.from(hostBytes(host, '/db', 4_000_000)?.slice(start, end) ?? [])).toEqual(
      Buffer.from(content.slice(start, end)),
    );
  });

  it('keeps four windows, whatever is asked', () => {
    const counting = fakeHost({ '/db': content });
    const bytes = hostBytes(counting, '/db', 4_000_000);
    for (let round = 0; round < 50; round += 1) for (const at of [0, 300_000, 600_000, 900_000]) bytes?.slice(at, at + 4);
    expect(counting.log.length).toBeLessThan(10);
  });

  it('is null for no file and throws for one that is too large', () => {
    expect(hostBytes(host, '/nothing', 10)).toBeNull();
    expect(() => hostBytes(host, '/db', 10)).toThrow('TOO_LARGE');
  });
});

describe('rpm collector', () => {
  it('answers no packages on a system without rpm', async () => {
    expect(await runCollector(rpm, fakeHost({}))).toMatchObject({ status: 'complete', rows: [] });
  });

  it.each([
    ['cut', Buffer.from('SQLite format 3\0')],
    ['of another kind', Buffer.alloc(5000, 7)],
    ['empty', Buffer.alloc(0)],
  ])('fails rather than report no packages when the database is %s', async (_, content) => {
    expect(await runCollector(rpm, fakeHost({ '/var/lib/rpm/rpmdb.sqlite': content }))).toMatchObject({
      status: 'failed',
      rows: [],
    });
  });

  it('fails when the database cannot be read', async () => {
    const host = fakeHost({ '/usr/lib/sysimage/rpm/rpmdb.sqlite': { error: 'DENIED' } });
    expect(await runCollector(rpm, host)).toMatchObject({ status: 'failed', rows: [] });
  });
});

const samples = (await sharedArchive('pkgdb/package-database-samples.tar.zst')?.()) ?? [];

describe.runIf(samples.length > 0)('real databases', () => {
  const bytesOf = (end: string): Uint8Array => samples.find(({ path }) => path.endsWith(end))?.bytes ?? new Uint8Array();

  it.each([
    ['/var/lib/rpm/rpmdb.sqlite', 'cbl-mariner-2.0/rpmdb.sqlite', 'bash'],
    ['/usr/lib/sysimage/rpm/Packages.db', 'sle15-bci/Packages.db', 'glibc'],
    ['/var/lib/rpm/Packages', 'libuuid/Packages', 'libuuid'],
  ])('reads %s of %s', async (path, sample, name) => {
    const run = await runCollector(rpm, fakeHost({ [path]: bytesOf(sample) }));
    expect(run).toMatchObject({ status: 'complete', problems: [] });
    expect(run.rows.map((row) => row['name'])).toContain(name);
    for (const row of run.rows) expect(rpm.fact.row.safeParse(row).success).toBe(true);
  });
});
