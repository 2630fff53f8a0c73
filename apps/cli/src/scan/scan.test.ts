import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { writeStarter } from '@vedette/feeds';
import type { Advisory } from '@vedette/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCommands } from '../commands/index.ts';
import { KnowledgeWriter } from '../knowledge/knowledge-writer.ts';
import { runProgram } from '../testing/run-program.ts';
import { extractRpmSqlite } from './rpm-sqlite.ts';

const commands = await allCommands();
const folder = mkdtempSync(join(tmpdir(), 'vedette-scan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

const advisory = (id: string, cve: string, name: string, fixed: string): Advisory => ({
  id,
  feed: 'debian-dsa',
  published: '2026-01-01',
  vulnerabilities: [cve],
  affected: [{ ecosystem: 'debian', release: 'bookworm', package: name, status: 'fixed', introduced: null, fixed }],
});
const facts = { published: null, cwe: ['CWE-79'], kevSince: null, epss: null };
let knowledge: string;
let status: string;
beforeAll(() => {
  const starter = writeStarter({
    madeAt: '2026-01-02T00:00:00Z',
    origins: [],
    advisories: [
      advisory('DSA-1000-1', 'CVE-2026-0001', 'openssl', '3.0.2-1'),
      advisory('DSA-1001-1', 'CVE-2026-0002', 'bash', '5.1-2'),
    ],
    vulnerabilities: [
      {
        ...facts,
        id: 'CVE-2026-0001',
        cvss: [{ version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8, source: 'nvd' }],
      },
    ],
  });
  knowledge = file('starter.json.zst', zstdCompressSync(starter));
  const stanza = (name: string, version: string, more = ''): string =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n${more}\n`;
  status = file('status', stanza('libssl3', '3.0.1-1', 'Source: openssl\n') + stanza('bash', '5.1-1') + stanza('zlib1g', '1.2'));
});

/** The command as a person runs it. */
async function run(...words: string[]) {
  const ran = await runProgram(commands, ['scan', '--knowledge', knowledge, ...words], { environment: { HOME: folder } });
  return { ...ran, notes: ran.notes.join('\n') };
}
const detections = async (...words: string[]): Promise<{ aliases: string[]; package: string }[]> =>
  (JSON.parse((await run(...words, '--json')).printed) as { detections: { aliases: string[]; package: string }[] }).detections;

describe('scan', () => {
  it('prints what is wrong, worst first, with the reason anybody can check', async () => {
    const { printed } = await run(status, '--distro', 'debian:12', '--json');
    expect(JSON.parse(printed)).toEqual({
      target: status,
      packages: 3,
      unassessed: 0,
      detections: [
        {
          check: 280_000_001,
          aliases: ['CVE-2026-0001', 'DSA-1000-1'],
          package: 'libssl3',
          installed: '3.0.1-1',
          fixed: '3.0.2-1',
          status: 'affected',
          severity: 5,
          source: 'DSA-1000-1 (debian-dsa)',
          ecosystem: 'debian:bookworm',
          why: 'libssl3 3.0.1-1 (source openssl) is older than 3.0.2-1, the first fixed version in bookworm according to DSA-1000-1. 3.0.1-1 < 3.0.2-1 by dpkg (deb-version(7)).',
        },
        expect.objectContaining({ aliases: ['CVE-2026-0002', 'DSA-1001-1'], package: 'bash', severity: 3 }),
      ],
    });
  });

  it('counts packages of an unknown distribution as not assessed, never as clean', async () => {
    const { printed } = await run(status, '--json');
    expect(JSON.parse(printed)).toMatchObject({ packages: 3, unassessed: 3, detections: [] });
    expect((await run(status)).printed).toContain('not assessed: 3 no distribution known');
  });

  it('reports what a few records of a registry say, and counts its packages as not assessed all the same', async () => {
    const sample = file('sample.db', '');
    const writer = new KnowledgeWriter(sample);
    const thin: Advisory = {
      ...advisory('GHSA-2222-3333-4444', 'CVE-2026-0003', '', ''),
      feed: 'osv-ghsa',
      affected: [{ ecosystem: 'npm', release: '', package: 'thin', status: 'fixed', introduced: null, fixed: '2.0.0' }],
    };
    writer.add([thin], []);
    writer.finish('2026-01-02T00:00:00Z');
    const lock = file(
      'thin/package-lock.json',
      '{"lockfileVersion":3,"packages":{"node_modules/thin":{"version":"1.0.0"},"node_modules/other":{"version":"1.0.0"}}}',
    );
    const { printed } = await run(lock, '--knowledge', sample, '--json');
    expect(JSON.parse(printed)).toMatchObject({ packages: 2, unassessed: 2, detections: [{ package: 'thin', fixed: '2.0.0' }] });
    expect((await run(lock, '--knowledge', sample)).printed).toContain('not assessed: 2 too little knowledge of this registry');
  });

  it('says what it rests on', async () => {
    expect((await run(status)).notes).toContain('newest advisory 2026-01-01');
  });

  it.each([
    ['high', 10],
    ['critical', 10],
    [undefined, 0],
  ])('ends with --fail-on %s with %d', async (failOn, code) => {
    const words = failOn === undefined ? [] : ['--fail-on', failOn];
    expect((await run(status, '--distro', 'debian:bookworm', ...words)).exitCode).toBe(code);
  });

  it('does not fail for what lies below --fail-on', async () => {
    const ignore = file('ignore-openssl', 'CVE-2026-0001\n');
    expect((await run(status, '--distro', 'debian:12', '--ignore', ignore, '--fail-on', 'high')).exitCode).toBe(0);
  });

  it.each([
    ['a check by its CVE', 'cve-2026-0001 # reason', ['bash']],
    ['a check by its advisory, for one package', 'DSA-1001-1 bash', ['libssl3']],
    ['a check by its number', '280000001', ['bash']],
    ['any check of a source package', '* openssl', ['bash']],
    ['nothing after the last day', 'CVE-2026-0001 until=2026-01-01', ['libssl3', 'bash']],
    ['nothing of another package', 'CVE-2026-0001 zlib1g', ['libssl3', 'bash']],
  ])('leaves out %s', async (_, line, left) => {
    const found = await detections(status, '--distro', 'debian:12', '--ignore', file('ignore', `# list\n${line}\n`));
    expect(found.map((one) => one.package)).toEqual(left);
  });

  it.each(['* ', 'CVE-2026-0001 a b', 'CVE-2026-0001 until=soon', '../x'])(
    'refuses the line %j of an ignore list',
    async (line) => {
      await expect(run(status, '--ignore', file('bad', line))).rejects.toMatchObject({ code: 'USAGE' });
    },
  );

  const openVex = (vulnerability: unknown, products: unknown[], state = 'not_affected') =>
    JSON.stringify({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [{ vulnerability, products, status: state }] });
  it.each([
    ['OpenVEX for every product', openVex({ name: 'CVE-2026-0001' }, []), ['bash']],
    ['OpenVEX for the package', openVex({ name: 'CVE-2026-0001' }, [{ '@id': 'pkg:deb/debian/libssl3' }]), ['bash']],
    [
      'OpenVEX for a part of a product',
      openVex('CVE-2026-0001', [{ '@id': 'pkg:oci/x', subcomponents: [{ '@id': 'pkg:deb/debian/libssl3@3.0.1-1' }] }]),
      ['bash'],
    ],
    ['OpenVEX for another version', openVex('CVE-2026-0001', ['pkg:deb/debian/libssl3@9']), ['libssl3', 'bash']],
    ['OpenVEX that says affected', openVex('CVE-2026-0001', [], 'affected'), ['libssl3', 'bash']],
    [
      'CycloneDX',
      JSON.stringify({
        bomFormat: 'CycloneDX',
        vulnerabilities: [
          {
            id: 'CVE-2026-0002',
            analysis: { state: 'not_affected' },
            affects: [{ ref: 'urn:cdx:1/1#pkg:deb/debian/bash@5.1-1' }],
          },
        ],
      }),
      ['libssl3'],
    ],
  ])('heeds %s', async (_, text, left) => {
    const found = await detections(status, '--distro', 'debian:12', '--vex', file('vex.json', text));
    expect(found.map((one) => one.package)).toEqual(left);
  });

  it('reads the distribution out of a root, takes its databases and lock files, and follows no link out of it', async () => {
    file('root/etc/os-release', 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n');
    file('root/var/lib/dpkg/status', 'Package: bash\nStatus: install ok installed\nVersion: 5.1-1\nArchitecture: amd64\n');
    file('root/srv/app/package-lock.json', '{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    const { printed } = await run(join(folder, 'root'), '--json');
    expect(JSON.parse(printed)).toMatchObject({ packages: 2, unassessed: 1, detections: [{ package: 'bash' }] });
  });

  it("leaves a language package that the distribution's package brought to the distribution", async () => {
    const sample = file('pypi.db', '');
    const writer = new KnowledgeWriter(sample);
    writer.add(
      [
        {
          ...advisory('PYSEC-1-1', 'CVE-2026-0009', '', ''),
          feed: 'osv-pypi',
          affected: [{ ecosystem: 'pypi', release: '', package: 'requests', status: 'fixed', introduced: null, fixed: '2.31.0' }],
        },
      ],
      [],
    );
    writer.finish('2026-01-02T00:00:00Z');
    const metadata = 'Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n';
    const owned = 'usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO';
    file('image/etc/debian_version', '12.5\n');
    file(
      'image/var/lib/dpkg/status',
      'Package: python3-requests\nStatus: install ok installed\nVersion: 2.28.1+dfsg-1\nArchitecture: all\n',
    );
    file('image/var/lib/dpkg/info/python3-requests.list', `/.\n/${owned}\n`);
    file(`image/${owned}`, metadata);
    const image = join(folder, 'image');
    expect(await detections(image, '--knowledge', sample)).toEqual([]);
    // The same package, brought by pip.
    file('image/usr/local/lib/python3.11/dist-packages/requests-2.28.1.dist-info/METADATA', metadata);
    expect(await detections(image, '--knowledge', sample)).toMatchObject([{ package: 'requests', installed: '2.28.1' }]);
  });

  it('counts a package whose source an SBOM does not name, unless something is said under its own name', async () => {
    const bom = (...purls: string[]) =>
      file(
        'bare.cdx.json',
        JSON.stringify({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ type: 'library', name: 'x', purl })) }),
      );
    const distro = '?distro=debian-12';
    const scanned = async (path: string) =>
      JSON.parse((await run(path, '--json')).printed) as { unassessed: number; detections: object[] };
    expect(await scanned(bom(`pkg:deb/debian/libssl3@3.0.1-1${distro}`))).toMatchObject({ unassessed: 1, detections: [] });
    expect(await scanned(bom(`pkg:deb/debian/bash@5.1-1${distro}`))).toMatchObject({
      unassessed: 0,
      detections: [{ package: 'bash' }],
    });
    expect(await scanned(bom(`pkg:deb/debian/libssl3@3.0.1-1${distro}&upstream=openssl`))).toMatchObject({
      unassessed: 0,
      detections: [{ package: 'libssl3' }],
    });
  });

  it('takes a dpkg database for the release of its base-files, and says so', async () => {
    const database = file(
      'inferred',
      'Package: base-files\nStatus: install ok installed\nVersion: 12.4+deb12u5\n\nPackage: bash\nStatus: install ok installed\nVersion: 5.1-1\n',
    );
    const { printed, notes } = await run(database, '--json');
    expect(JSON.parse(printed)).toMatchObject({ unassessed: 0, detections: [{ package: 'bash' }] });
    expect(notes).toContain('taken for debian 12 because of its package base-files 12.4+deb12u5');
  });

  it('names a lock file it could not read and goes on with the others', async () => {
    file('app/package-lock.json', '{');
    file('app/go.mod', 'module a\nrequire b.org/b v1.0.0\n');
    const { printed, notes } = await run(join(folder, 'app'), '--json');
    expect(JSON.parse(printed)).toMatchObject({ packages: 1 });
    expect(notes).toContain('not read: package-lock.json');
  });

  it.each([
    [['missing'], 'NOT_FOUND'],
    [['--distro', 'plan9:4'], 'USAGE'],
    [['--format', 'pdf'], 'USAGE'],
    [['--fail-on', 'awful'], 'USAGE'],
  ])('refuses %j', async (words, code) => {
    const target = words[0] === 'missing' ? join(folder, 'missing') : status;
    await expect(run(target, ...(words[0] === 'missing' ? [] : words))).rejects.toMatchObject({ code });
  });

  it('refuses a file of no kind it knows', async () => {
    await expect(run(file('picture', 'GIF89a'))).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('formats', () => {
  interface Sarif {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; ruleIndex: number; level: string; locations: unknown[] }[];
    }[];
  }
  it('writes SARIF 2.1.0 whose results point to their rules', async () => {
    const sarif = JSON.parse((await run(status, '--distro', 'debian:12', '--format', 'sarif')).printed) as Sarif;
    const [only] = sarif.runs;
    expect(sarif.version).toBe('2.1.0');
    expect(only?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['CVE-2026-0001', 'error'],
      ['CVE-2026-0002', 'warning'],
    ]);
    for (const { ruleId, ruleIndex } of only?.results ?? []) expect(only?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  interface Bom {
    specVersion: string;
    components: { 'bom-ref': string }[];
    vulnerabilities: {
      id: string;
      affects: { ref: string }[];
      ratings: unknown[];
      cwes: number[];
      analysis: { state: string };
    }[];
  }
  it('writes CycloneDX 1.6 whose vulnerabilities point to components', async () => {
    const bom = JSON.parse((await run(status, '--distro', 'debian:12', '--format', 'cyclonedx')).printed) as Bom;
    const refs = bom.components.map((component) => component['bom-ref']);
    expect(bom.specVersion).toBe('1.6');
    expect(refs).toContain('pkg:deb/debian/libssl3@3.0.1-1?arch=amd64&distro=debian-12&upstream=openssl');
    expect(new Set(refs).size).toBe(refs.length);
    expect(bom.vulnerabilities.map(({ id, analysis }) => [id, analysis.state])).toEqual([
      ['CVE-2026-0001', 'exploitable'],
      ['CVE-2026-0002', 'exploitable'],
    ]);
    for (const { affects } of bom.vulnerabilities) for (const { ref } of affects) expect(refs).toContain(ref);
    expect(bom.vulnerabilities[0]?.cwes).toEqual([79]);
  });

  it('reads its own CycloneDX back to the same detections', async () => {
    const output = join(folder, 'own.cdx.json');
    await run(status, '--distro', 'debian:12', '--format', 'cyclonedx', '--output', output);
    expect(await detections(output)).toEqual(await detections(status, '--distro', 'debian:12'));
  });

  it('prints no colour where no terminal shows it', async () => {
    expect((await run(status, '--distro', 'debian:12')).printed).not.toContain('\u001b');
  });
});

const samples = join(
  process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'),
  'data/pkgdb/package-database-samples.tar.zst',
);
const canAsk = existsSync(samples) && spawnSync('rpm', ['--version']).status === 0;

describe('extractRpmSqlite', () => {
  it('refuses an SQLite database that is none of rpm', () => {
    const path = join(folder, 'other.sqlite');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE other (a)');
    database.close();
    expect(() => extractRpmSqlite(execFileSync('cat', [path]))).toThrow('no rpm database');
  });

  it.runIf(canAsk)(`reads a real database as rpm itself does${canAsk ? '' : ' (skipped: no feed data, or no rpm)'}`, () => {
    const content = execFileSync('tar', ['--zstd', '-xOf', samples, '--wildcards', '*/cbl-mariner-2.0/rpmdb.sqlite'], {
      maxBuffer: 64 * 1024 * 1024,
    });
    const directory = mkdtempSync(join(folder, 'rpmdb-'));
    writeFileSync(join(directory, 'rpmdb.sqlite'), content);
    const format = '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\\n';
    const listed = execFileSync('rpm', ['--dbpath', directory, '-qa', '--qf', format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { packages } = extractRpmSqlite(content);
    const lines = packages.map((one) => `${one.name} ${one.version} ${one.architecture}`);
    expect(lines.toSorted()).toEqual(
      listed
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('gpg-pubkey'))
        .toSorted(),
    );
    expect(lines.length).toBeGreaterThan(100);
  });
});
