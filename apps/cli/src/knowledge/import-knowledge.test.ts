import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { writeStarter } from '@vedette/feeds';
import { buildChecks } from '@vedette/matching';
import { checkNumber, type Advisory } from '@vedette/protocol';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { databaseSource } from './database-source.ts';
import { findChecks } from './find-checks.ts';
import { importKnowledge } from './import-knowledge.ts';
import { KnowledgeWriter } from './knowledge-writer.ts';
import { openKnowledge } from './open-knowledge.ts';
import { starterSource } from './starter-source.ts';

const root = mkdtempSync(join(tmpdir(), 'vedette-import-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  out = join(folder, 'out/knowledge.db');
  mkdirSync(join(folder, 'feeds'));
});

const put = (name: string, content: string | Uint8Array): void => {
  const path = join(folder, 'feeds', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};
const entry = (number: number, cve: string): string =>
  `[01 Feb 2026] DSA-${number}-1 bash - security update\n\t{${cve}}\n\t[bookworm] - bash 5.2-${number}\n`;
const dsa = (...numbers: number[]): string => numbers.map((number) => entry(number, `CVE-2026-${number}`)).join('');
const notes: string[] = [];
const run = (change: { accept?: ReadonlySet<string> } = {}) =>
  importKnowledge({
    ...change,
    inputs: [join(folder, 'feeds')],
    out,
    now: new Date('2026-02-02T00:00:00Z'),
    note: (message) => notes.push(message),
  });
const namesIn = (file: string): string[] => {
  const source = databaseSource(file);
  const { advisories } = source.select([{ ecosystem: 'debian', package: 'bash' }]);
  source.close();
  return advisories.map(({ id }) => id).toSorted();
};

/** A ustar archive of one file. */
function tar(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

/** A zip archive of one deflated file. */
function zip(name: string, content: string): Buffer {
  const packed = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}

describe('importKnowledge', () => {
  it.each([
    ['a plain file', 'DSA.list', (text: string) => Buffer.from(text)],
    ['a file packed with gzip', 'DSA.list.gz', (text: string) => gzipSync(text)],
    ['a file packed with zstd', 'DSA.list.zst', (text: string) => zstdCompressSync(text)],
    ['a tar archive', 'x.tar', (text: string) => tar('deep/DSA.list', text)],
    [
      'a tar archive behind files of no feed',
      'x.tar',
      (text: string) => Buffer.concat([tar('large', 'x'.repeat(200_000)).subarray(0, -1024), tar('DSA.list', text)]),
    ],
    ['a tar archive packed with zstd', 'x.tar.zst', (text: string) => zstdCompressSync(tar('DSA.list', text))],
    ['a tar archive packed with gzip', 'x.tgz', (text: string) => gzipSync(tar('DSA.list', text))],
    ['a zip archive', 'x.zip', (text: string) => zip('DSA.list', text)],
  ])('reads a feed out of %s', async (_, name, pack) => {
    put(name, pack(dsa(1000, 1001)));
    const report = await run();
    expect(report.feeds).toMatchObject([{ feed: 'debian-dsa', files: 1, records: 2, problems: 0 }]);
    expect(namesIn(out)).toEqual(['DSA-1000-1', 'DSA-1001-1']);
  });

  it.each([
    [
      'the name of its archive',
      'aports-v3.16.tar',
      tar('./main/zlib/APKBUILD', '# secfixes:\n#   1.2.12-r2:\n#     - CVE-2022-37434\n'),
    ],
    ['a folder', 'aports/3.16/main/zlib/APKBUILD', Buffer.from('# secfixes:\n#   1.2.12-r2:\n#     - CVE-2022-37434\n')],
  ])('knows the release of a build recipe by %s', async (_, name, bytes) => {
    put(name, bytes);
    await run();
    const source = databaseSource(out);
    expect(source.covers('alpine', '3.16')).toBe(true);
    source.close();
  });

  it('opens what it made under any name', async () => {
    put('DSA.list', dsa(1000));
    await run();
    renameSync(out, `${out}.zst`);
    const source = openKnowledge({}, `${out}.zst`);
    expect(source.state().kind).toBe('database');
    source.close();
  });

  it('keeps where a feed came from, with the hash of what was read', async () => {
    put('DSA.list', dsa(1000));
    await run();
    const source = databaseSource(out);
    const [feed] = source.state().feeds;
    source.close();
    expect(feed?.origins).toMatchObject([{ feed: 'debian-dsa', sha256: createHash('sha256').update(dsa(1000)).digest('hex') }]);
  });

  it('takes facts only about what an advisory names', async () => {
    put('DSA.list', dsa(1000));
    put(
      'epss_scores-2026-01-30.csv',
      '#model_version:v2025.03.14,score_date:2026-01-30T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\nCVE-2026-9999,0.5,0.9\n',
    );
    await run();
    const source = databaseSource(out);
    expect(source.state().vulnerabilities).toBe(1);
    expect(findChecks(source, 'cve-2026-1000')).toMatchObject([{ number: 280_001_000, severity: 5, epss: { score: 0.5 } }]);
    expect(findChecks(source, '280001000')).toMatchObject([{ name: 'CVE-2026-1000' }]);
    expect(findChecks(source, 'DSA-1000-1')).toMatchObject([{ name: 'CVE-2026-1000' }]);
    source.close();
  });

  it('lets NVD have the last word on a vulnerability, whichever file is read first', async () => {
    put('DSA.list', dsa(1000));
    const item = { cve: { CVE_data_meta: { ID: 'CVE-2026-1000' } }, impact: {}, publishedDate: '2026-01-02T00:00Z' };
    mkdirSync(join(folder, 'feeds/A'));
    put('A/nvdcve-1.1-2026.json', JSON.stringify({ CVE_data_format: 'MITRE', CVE_data_numberOfCVEs: '1', CVE_Items: [item] }));
    const cveMetadata = { cveId: 'CVE-2026-1000', state: 'PUBLISHED', datePublished: '2026-01-01T00:00:00Z' };
    put('CVE-2026-1000.json', JSON.stringify({ dataType: 'CVE_RECORD', cveMetadata, containers: { cna: {} } }));
    await run();
    const source = databaseSource(out);
    expect(source.selectNames(['CVE-2026-1000']).vulnerabilities).toMatchObject([{ published: '2026-01-02' }]);
    source.close();
  });

  it('leaves nothing of an unpacked archive beside the result', async () => {
    put('x.tar.zst', zstdCompressSync(tar('DSA.list', dsa(1000))));
    put('y.tar.gz', gzipSync(tar('DLA.list', dsa(1000))).subarray(0, 40));
    await run();
    expect(readdirSync(join(folder, 'out'))).toEqual(['knowledge.db']);
  });

  it.each([
    ['is damaged', '\0 no list'],
    ['lost most of its records', dsa(1000)],
  ])('keeps the feed of before when the new one %s, and says why', async (_, text) => {
    put('DSA.list', dsa(1000, 1001, 1002));
    await run();
    put('DSA.list', text);
    const report = await run();
    expect(report.feeds[0]?.problem).not.toBeNull();
    expect(namesIn(out)).toEqual(['DSA-1000-1', 'DSA-1001-1', 'DSA-1002-1']);
    const source = databaseSource(out);
    expect(source.state().feeds).toMatchObject([{ feed: 'debian-dsa', advisories: 3, records: 3, problem: expect.any(String) }]);
    source.close();
  });

  it('takes over a feed that lost most of its records where a person said so', async () => {
    put('DSA.list', dsa(1000, 1001, 1002));
    await run();
    put('DSA.list', dsa(1000));
    const { feeds: refused } = await run();
    expect(refused[0]?.problem).toContain('--accept debian-dsa');
    await run({ accept: new Set(['debian-dla']) });
    expect(namesIn(out)).toHaveLength(3);
    await run({ accept: new Set(['debian-dsa']) });
    expect(namesIn(out)).toEqual(['DSA-1000-1']);
  });

  it('keeps feeds that the inputs do not hold, and drops what a newer list of a feed no longer holds', async () => {
    put('DSA.list', dsa(...Array.from({ length: 30 }, (_, index) => 1000 + index)));
    await run();
    put('DSA.list', dsa(...Array.from({ length: 29 }, (_, index) => 1001 + index)));
    await run();
    expect(namesIn(out)).toHaveLength(29);
    rmSync(join(folder, 'feeds/DSA.list'));
    put('DLA.list', '[01 Feb 2026] DLA-5-1 bash - security update\n\t{CVE-2026-5555}\n\t[bookworm] - bash 5.2-9\n');
    await run();
    expect(namesIn(out)).toHaveLength(30);
  });

  it('reads the good files of a batch with a bad one in it', async () => {
    put(
      'a.changelog',
      'bash (5.2-1) bookworm; urgency=medium\n\n  * Fix CVE-2026-1234.\n\n -- A <a@example.org>  Mon, 02 Feb 2026 00:00:00 +0000\n',
    );
    put('b.changelog', Buffer.from([0xff, 0xfe]));
    const report = await run();
    expect(report.feeds).toMatchObject([{ feed: 'debian-changelog', files: 2, problems: 1 }]);
  });

  it('refuses inputs without any feed, and leaves nothing behind', async () => {
    put('readme.txt', 'x');
    await expect(run()).rejects.toMatchObject({ code: 'FAILURE' });
    expect(existsSync(out) || existsSync(`${out}.new`)).toBe(false);
  });

  it('does not overwrite a file that is no knowledge base', async () => {
    put('DSA.list', dsa(1000));
    mkdirSync(join(folder, 'out'));
    writeFileSync(out, 'precious');
    await expect(run()).rejects.toMatchObject({ code: 'FAILURE' });
    expect(readFileSync(out, 'utf8')).toBe('precious');
  });

  it.each([
    ['tar archive', 'cut.tar.zst', zstdCompressSync(tar('DLA.list', 'x'.repeat(600))).subarray(0, 30)],
    ['zip archive', 'cut.zip', zip('DLA.list', 'x'.repeat(600)).subarray(0, 40)],
    ['zip archive with a damaged file', 'odd.zip', zip('DLA.list', 'x'.repeat(600)).fill(0xff, 38, 42)],
  ])('says which %s cannot be read, and reads the others', async (_, name, bytes) => {
    put('DSA.list', dsa(1000));
    put(name, bytes);
    const report = await run();
    expect(notes.join('\n')).toContain(name);
    expect(report.feeds).toMatchObject([{ feed: 'debian-dsa', records: 1 }]);
  });
});

describe('select', () => {
  const affected = (name: string): Advisory['affected'] => [
    { ecosystem: 'debian', release: 'bookworm', package: name, status: 'fixed', introduced: null, fixed: '2' },
  ];
  const base = { feed: 'debian-dsa', published: '2026-01-01' };
  const advisories: Advisory[] = [
    { ...base, id: 'DSA-1-1', vulnerabilities: ['CVE-2026-0001', 'CVE-2026-0002'], affected: affected('a') },
    { ...base, id: 'DSA-2-1', vulnerabilities: ['CVE-2026-0002'], affected: affected('b') },
    { ...base, id: 'DSA-3-1', vulnerabilities: ['CVE-2026-0003'], affected: affected('c') },
    { ...base, id: 'GHSA-1', feed: 'osv-ghsa', vulnerabilities: [], aliases: ['PYSEC-1'], affected: affected('a') },
    {
      ...base,
      id: 'PYSEC-1',
      feed: 'osv-pypi',
      vulnerabilities: ['CVE-2026-0004'],
      aliases: ['GHSA-1'],
      affected: affected('d'),
    },
  ];
  const vulnerabilities = [{ id: 'CVE-2026-0002', published: null, cvss: [], cwe: [], kevSince: '2026-01-05', epss: null }];

  it.each(['starter', 'database'])('of a %s gives the same checks as the whole', (kind) => {
    const file = join(folder, 'select');
    if (kind === 'database') {
      const writer = new KnowledgeWriter(file);
      writer.add(advisories, vulnerabilities);
      writer.finish('2026-01-02T00:00:00Z');
    }
    const starter = zstdCompressSync(
      writeStarter({ madeAt: '2026-01-02T00:00:00Z', origins: [], advisories: advisories.slice(0, 3), vulnerabilities }),
    );
    const source = kind === 'starter' ? starterSource('starter', starter) : databaseSource(file);
    const whole = buildChecks({
      advisories: kind === 'starter' ? advisories.slice(0, 3) : advisories,
      vulnerabilities,
      origins: [],
    });
    const selected = buildChecks(source.select([{ ecosystem: 'debian', package: 'a' }]));
    const about = ({ affected: said }: { affected: readonly { package: string }[] }) => said.some((one) => one.package === 'a');
    expect(selected.checks.filter(about)).toEqual(whole.checks.filter(about));
    expect(selected.checks.filter(about).length).toBeGreaterThan(1);
    expect(selected.checks.map(({ name }) => name)).not.toContain('CVE-2026-0003');
    expect([source.covers('debian', 'bookworm'), source.covers('debian', 'trixie'), source.covers('npm', '')]).toEqual([
      true,
      false,
      false,
    ]);
    source.close();
  });

  it.each([
    [199, false],
    [200, true],
  ])('with %d statements about a registry: covered %s', (count, covered) => {
    const about = Array.from({ length: count }, (_, index): Advisory['affected'][number] => {
      return { ecosystem: 'npm', release: '', package: `p${index}`, status: 'fixed', introduced: null, fixed: '2' };
    });
    const file = join(folder, 'covered');
    const writer = new KnowledgeWriter(file);
    writer.add([{ ...base, id: 'GHSA-1', feed: 'osv-ghsa', vulnerabilities: ['CVE-2026-0001'], affected: about }], []);
    writer.finish('2026-01-02T00:00:00Z');
    const source = databaseSource(file);
    expect(source.covers('npm', '')).toBe(covered);
    source.close();
  });

  it('gives names without a computed number one that stays when the base is built again', () => {
    const numbers = ['first', 'second'].map((name) => {
      const file = join(folder, name);
      const writer = new KnowledgeWriter(file);
      const more: Advisory = { ...base, id: 'GHSA-0', vulnerabilities: [], affected: affected('z') };
      writer.add(name === 'first' ? advisories : [more, ...advisories], []);
      writer.finish('2026-01-02T00:00:00Z', name === 'first' ? undefined : new Map([['GHSA-1', 2_110_000_007]]));
      const source = databaseSource(file);
      const number = source.registeredNumber('GHSA-1');
      source.close();
      return number;
    });
    expect(numbers).toEqual([expect.any(Number), 2_110_000_007]);
    expect(checkNumber('GHSA-1')).toBeNull();
  });
});

describe('where a record came from', () => {
  const sources = (ids: readonly string[]) => {
    const source = databaseSource(out);
    const found = source.sourcesOf(ids);
    source.close();
    return found;
  };

  it('is kept for each of them, also where the files of a feed lie in several places, and through later imports', async () => {
    put('2025/DSA.list', dsa(1));
    put('2026/DSA.list', dsa(2));
    await run();
    const both = sources(['DSA-1-1', 'DSA-2-1', 'DSA-3-1']);
    expect(both.map(({ id, feed, location }) => [id, feed, location])).toEqual([
      ['DSA-1-1', 'debian-dsa', join(folder, 'feeds/2025')],
      ['DSA-2-1', 'debian-dsa', join(folder, 'feeds/2026')],
    ]);
    expect(both[0]?.sha256).toBe(createHash('sha256').update(dsa(1)).digest('hex'));
    expect(new Set(both.flatMap(({ sha256, recordSha256 }) => [sha256, recordSha256])).size).toBe(4);
    // A broken feed leaves what was known, and where that came from.
    rmSync(join(folder, 'feeds'), { recursive: true });
    put('DSA.list', '<html>');
    await run();
    expect(sources(['DSA-1-1', 'DSA-2-1'])).toEqual(both);
  });

  it('names the record by what it says, not by its file', async () => {
    put('DSA.list', dsa(1));
    await run();
    const [before] = sources(['DSA-1-1']);
    put('DSA.list', dsa(2, 1));
    await run();
    const [after] = sources(['DSA-1-1']);
    expect(after?.recordSha256).toBe(before?.recordSha256);
    expect(after?.sha256).not.toBe(before?.sha256);
  });
});
