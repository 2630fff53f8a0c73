import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ExtractorError } from '../errors.ts';
import { extractRpmDatabase, extractRpmHeaders } from './rpm-database.ts';

type Tag = readonly [tag: number, value: string | number];

/** A header as rpm stores it. */
function header(tags: readonly Tag[]): Buffer {
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [tag, value] of tags) {
    const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
    if (typeof value === 'number') bytes.writeUInt32BE(value);
    const entry = Buffer.alloc(16);
    [tag, typeof value === 'string' ? 6 : 4, offset, 1].forEach((word, index) => entry.writeUInt32BE(word, index * 4));
    entries.push(entry);
    data.push(bytes);
    offset += bytes.length;
  }
  const start = Buffer.alloc(8);
  start.writeUInt32BE(tags.length);
  start.writeUInt32BE(offset, 4);
  return Buffer.concat([start, ...entries, ...data]);
}

const bash: Tag[] = [
  [1000, 'bash'],
  [1001, '5.1.8'],
  [1002, '9.el9'],
  [1003, 2],
  [1022, 'x86_64'],
  [1044, 'bash-src-5.1.8-9.el9.src.rpm'],
  [5096, 'm:1:2:3'],
];

/** An ndb file: a page of slots, then blobs. */
function ndb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  [0x506d7052, 0, 1, 1].forEach((word, index) => slots.writeUInt32LE(word, index * 4));
  for (let slot = 32; slot < 4096; slot += 16) slots.writeUInt32LE(0x746f6c53, slot);
  const blobs: Buffer[] = [];
  let block = 256;
  headers.forEach((blob, index) => {
    const padded = Buffer.alloc(Math.ceil((16 + blob.length + 12) / 16) * 16);
    [0x53626c42, index + 1, 1, blob.length].forEach((word, at) => padded.writeUInt32LE(word, at * 4));
    blob.copy(padded, 16);
    [index + 1, block, padded.length / 16].forEach((word, at) => slots.writeUInt32LE(word, 32 + index * 16 + 4 + at * 4));
    block += padded.length / 16;
    blobs.push(padded);
  });
  return Buffer.concat([slots, ...blobs]);
}

function errorOf(read: () => unknown): unknown {
  try {
    read();
    return null;
  } catch (error) {
    return error;
  }
}

describe('extractRpmHeaders', () => {
  it('reads name, epoch, version, release, architecture, source and module', () => {
    expect(extractRpmHeaders([header(bash)]).packages).toEqual([
      {
        type: 'rpm',
        name: 'bash',
        version: '2:5.1.8-9.el9',
        architecture: 'x86_64',
        source: 'bash-src',
        sourceVersion: '2:5.1.8-9.el9',
        isSourceKnown: true,
        module: 'm:1:2:3',
        distribution: null,
      },
    ]);
  });

  it('takes a package without source rpm for its own source, and leaves public keys out', () => {
    const read = extractRpmHeaders([
      header([
        [1000, 'a'],
        [1001, '1'],
        [1002, '2'],
      ]),
      header([
        [1000, 'gpg-pubkey'],
        [1001, 'aa'],
        [1002, 'bb'],
      ]),
    ]);
    expect(read.packages).toMatchObject([{ name: 'a', version: '1-2', source: 'a', sourceVersion: '1-2' }]);
    expect(read.problems).toEqual([]);
  });

  it('keeps the other packages when one header is broken', () => {
    const broken = header(bash);
    broken.writeUInt32BE(0xffffff, 0);
    expect(extractRpmHeaders([broken, header(bash)])).toMatchObject({ packages: [{ name: 'bash' }], problems: [{ line: 1 }] });
  });

  it('throws for no bytes, however a header is bent', () => {
    const whole = header(bash);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bent = Buffer.from(whole.subarray(0, length));
        if (at < bent.length) bent[at] = byte;
        expect(extractRpmHeaders([bent]).packages.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('extractRpmDatabase', () => {
  it('reads an ndb database', () => {
    const other = header([
      [1000, 'a'],
      [1001, '1'],
      [1002, '2'],
    ]);
    expect(extractRpmDatabase(ndb([header(bash), other])).packages.map(({ name }) => name)).toEqual(['bash', 'a']);
  });

  it('throws nothing but ExtractorError for a bent ndb database', () => {
    const whole = ndb([header(bash)]);
    fc.assert(
      fc.property(fc.nat(4200), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bent = Buffer.from(whole.subarray(0, length));
        if (at < bent.length) bent[at] = byte;
        expect(errorOf(() => extractRpmDatabase(bent)) ?? new ExtractorError('DAMAGED', '')).toBeInstanceOf(ExtractorError);
      }),
    );
  });
});

const samples = join(
  process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'),
  'data/pkgdb/package-database-samples.tar.zst',
);
const canAsk = existsSync(samples) && spawnSync('rpm', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'vedette-rpm-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sample(member: string): Buffer {
  const listing = execFileSync('tar', ['--zstd', '-tf', samples], { encoding: 'utf8' }).split('\n');
  const path = listing.find((line) => line.endsWith(member)) ?? '';
  return execFileSync('tar', ['--zstd', '-xOf', samples, path], { maxBuffer: 64 * 1024 * 1024 });
}

describe.runIf(canAsk)(`real databases${canAsk ? '' : ' (skipped: no feed data, or no rpm on this machine)'}`, () => {
  it.each([
    ['libuuid/Packages', 'Packages', 'bdb_ro', 1],
    ['osv-scalibr/extractor/filesystem/os/rpm/testdata/Packages_epoch', 'Packages', 'bdb_ro', 1],
  ])('reads %s as rpm itself does', (member, name, backend, count) => {
    const content = sample(member);
    const directory = mkdtempSync(join(folder, 'db-'));
    writeFileSync(join(directory, name), content);
    const format = '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\\n';
    const listed = execFileSync('rpm', ['--dbpath', directory, '--define', `_db_backend ${backend}`, '-qa', '--qf', format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const expected = listed
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('gpg-pubkey'))
      .toSorted();
    const { packages, problems } = extractRpmDatabase(content);
    expect(problems).toEqual([]);
    expect(packages).toHaveLength(count);
    const lines = packages.map((one) =>
      [one.name, one.version, one.architecture, `${one.source}-${one.sourceVersion.replace(/^\d+:/, '')}.src.rpm`].join(' '),
    );
    expect(lines.toSorted()).toEqual(expected);
  });

  // Debian's rpm is built without ndb, so nobody can be asked here.
  it('reads the ndb database of a real SLE 15 SP3 image', () => {
    const { packages, problems } = extractRpmDatabase(sample('sle15-bci/Packages.db'));
    const lines = packages.map(({ name, version, source }) => `${name} ${version} ${source}`);
    expect(problems).toEqual([]);
    expect(lines).toHaveLength(35);
    expect(lines).toEqual(
      expect.arrayContaining(['sles-release 15.3-55.4.1 sles-release', 'libreadline7 7.0-19.6.1 bash', 'glibc 2.31-9.3.2 glibc']),
    );
  });
});
