import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';

/** The command as a process, its formats held against the schemas of those who define them. */
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'vedette-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const knowledge = join(root, 'content/knowledge/starter.json.zst');
const status =
  'Package: libssl3\nStatus: install ok installed\nSource: openssl\nArchitecture: amd64\nVersion: 3.0.9-1\n\n' +
  'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b2\n\n' +
  'Package: linux-libc-dev\nStatus: install ok installed\nSource: linux\nArchitecture: amd64\nVersion: 6.1.27-1\n';

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function scan(words: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(root, 'vedette'), ['scan', ...words], {
    input,
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder },
  });
}

const debian = ['--distro', 'debian:12', '--knowledge', knowledge];

describe('vedette scan as a process', () => {
  it('reads standard input and prints the documented fields, no more and no less', () => {
    const { stdout, status: code } = scan(['-', ...debian, '--json'], status);
    const report = JSON.parse(stdout) as Record<string, unknown> & { detections: Record<string, unknown>[] };
    expect(code).toBe(0);
    expect(Object.keys(report)).toEqual(['target', 'packages', 'unassessed', 'detections']);
    expect(report).toMatchObject({ target: '-', packages: 3, unassessed: 0 });
    expect(report.detections.length).toBeGreaterThan(10);
    const fields = 'check aliases package installed fixed status severity source ecosystem why';
    for (const detection of report.detections) expect(Object.keys(detection).join(' ')).toBe(fields);
  });

  it('uses the starter knowledge base when none is named', () => {
    const { stdout, stderr } = scan(['-', '--distro', 'debian:12', '--json'], status);
    expect(JSON.parse(stdout)).toMatchObject({ packages: 3, unassessed: 0 });
    expect(stderr).toContain('knowledge: starter');
  });

  it.each([
    [['--fail-on', 'low'], 10],
    [['--fail-on', 'awful'], 2],
    [['--format', 'pdf'], 2],
    [[], 0],
  ])('ends with %j with %d', (words, code) => {
    expect(scan(['-', ...debian, ...words], status).status).toBe(code);
  });

  it.each([
    ['empty input', '', 2],
    ['a picture', 'GIF89a', 2],
    ['a cut JSON document', '{"bomFormat":"CycloneDX","components":[', 1],
    ['lines that end in CR LF', status.replaceAll('\n', '\r\n'), 0],
    ['a byte order mark', `\uFEFF${status}`, 0],
  ])('takes %s as it should', (_, input, code) => {
    const { status: ended, stderr, stdout } = scan(['-', ...debian, '--json'], input);
    expect(ended).toBe(code);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout.includes('"packages": 3')).toBe(code === 0);
  });

  it('comes out of a directory whose links run in circles', () => {
    symlinkSync(folder, join(folder, 'circle'));
    file('requirements.txt', 'flask==1.0\n');
    expect(JSON.parse(scan([folder, '--knowledge', knowledge, '--json']).stdout)).toMatchObject({ packages: 1 });
  });

  it('heeds an OpenVEX document, and the ignore list of the directory it runs in', () => {
    const names = (words: readonly string[]): string[] =>
      (
        JSON.parse(scan(['-', ...debian, '--json', ...words], status).stdout) as {
          detections: { aliases: string[]; package: string }[];
        }
      ).detections
        .filter((one) => one.package === 'libssl3')
        .map((one) => one.aliases[0] ?? '');
    const [first = '', ...others] = names([]);
    const statement = { vulnerability: { name: first }, products: [{ '@id': 'pkg:deb/debian/libssl3' }], status: 'not_affected' };
    const vex = file('openvex.json', JSON.stringify({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] }));
    expect(names(['--vex', vex])).toEqual(others);
    const list = file('.vedetteignore', `${first} libssl3 # a reason\n`);
    expect(names([])).toEqual(others);
    rmSync(list);
  });
});

describe('formats, by the schemas of those who define them', () => {
  it('SARIF 2.1.0', () => {
    const schema = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
    // It is of draft 4, whose name and id this validator does not know; the words it uses mean the same in later drafts.
    const { $schema: _dialect, id: _id, ...plain } = JSON.parse(readFileSync(schema, 'utf8')) as Record<string, unknown>;
    const validate = new Ajv({ strict: false, validateFormats: false, validateSchema: false, unicodeRegExp: false }).compile(
      plain,
    );
    const report = JSON.parse(scan(['-', ...debian, '--format', 'sarif'], status).stdout) as { runs: { results: object[] }[] };
    validate(report);
    expect(validate.errors ?? []).toEqual([]);
    expect(report.runs[0]?.results.length).toBeGreaterThan(10);
    // So that it can fail.
    expect(validate({ ...report, version: '2.0' })).toBe(false);
  });

  it('CycloneDX 1.6 with VEX', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    const text = scan(['-', ...debian, '--format', 'cyclonedx'], status).stdout;
    expect(await validator.validate(text)).toBeNull();
    expect((JSON.parse(text) as { vulnerabilities: object[] }).vulnerabilities.length).toBeGreaterThan(10);
    expect(
      await validator.validate(text.replace('"bomFormat": "CycloneDX"', '"bomFormat": "X"')),
      'so that it can fail',
    ).not.toBeNull();
  });
});
