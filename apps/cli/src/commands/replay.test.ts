import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { writeStarter } from '@vedette/feeds';
import { evidenceOf, explain, judge } from '@vedette/matching';
import type { Advisory, EvidenceFile, Explanation } from '@vedette/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { runProgram } from '../testing/run-program.ts';
import { allCommands } from './index.ts';

const commands = await allCommands();
const folder = mkdtempSync(join(tmpdir(), 'vedette-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);

const openssl = {
  ecosystem: 'debian',
  release: 'bookworm',
  package: 'openssl',
  status: 'fixed',
  introduced: null,
  fixed: '3.0.2-1',
} as const;
const dsa: Advisory = {
  id: 'DSA-1000-1',
  feed: 'debian-dsa',
  published: '2026-01-01',
  vulnerabilities: ['CVE-2026-0001', 'CVE-2026-0002'],
  affected: [openssl],
};
const changelog: Advisory = {
  ...dsa,
  id: 'debian-changelog:openssl:3.0.3-1',
  feed: 'debian-changelog',
  vulnerabilities: ['CVE-2026-0001'],
  affected: [{ ...openssl, fixed: '3.0.3-1' }],
};
const origin = {
  feed: 'debian-dsa',
  location: 'list',
  retrievedAt: '2026-01-01T00:00:00Z',
  sha256: 'a'.repeat(64),
  licence: 'MIT',
};

beforeAll(async () => {
  const starter = writeStarter({
    madeAt: '2026-01-02T00:00:00Z',
    origins: [origin],
    advisories: [dsa, changelog],
    vulnerabilities: [],
  });
  writeFileSync(path('starter.json.zst'), zstdCompressSync(starter));
  const stanza = (name: string): string =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\nSource: openssl\n\n`;
  writeFileSync(path('status'), stanza('libssl3') + stanza('openssl'));
  const scan = ['scan', path('status'), '--distro', 'debian:12', '--knowledge', path('starter.json.zst'), '--json'];
  writeFileSync(path('report.json'), (await run(...scan, '--evidence', '-')).printed);
  await run(...scan, '--evidence', path('evidence.json'), '--output', path('lean.json'));
});

/** The commands as a person runs them; `answer` is what the platform says to each address. */
async function run(...words: string[]) {
  return runAgainst('http://127.0.0.1:9', ...words);
}
async function runAgainst(url: string, ...words: string[]) {
  return runProgram(commands, words, { environment: { HOME: folder }, client: () => connect(url, { token: 'token' }) });
}

interface Report {
  detections: { fixed: string | null; installed: string }[];
  evidence: EvidenceFile;
}
function changed(name: string, change: (report: Report) => void): string {
  const report = JSON.parse(readFileSync(path('report.json'), 'utf8')) as Report;
  change(report);
  writeFileSync(path(name), JSON.stringify(report));
  return path(name);
}

describe('replay of a scan', () => {
  it.each(['report.json', 'evidence.json'])('judges everything in %s again to the same bytes', async (file) => {
    const { printed, exitCode } = await run('replay', path(file), '--json');
    expect(JSON.parse(printed)).toEqual({ verdicts: 4, same: 4, differing: [] });
    expect(exitCode).toBe(0);
    expect((await run('replay', path(file))).printed).toBe(
      '4 verdicts judged again: 4 came out byte for byte the same, 0 did not\n',
    );
  });

  it('holds what records share once, and leaves it out of a report that has it in another file', () => {
    const evidence = JSON.parse(readFileSync(path('evidence.json'), 'utf8')) as EvidenceFile;
    expect(evidence).toMatchObject({ format: 1, knowledge: { origins: [{ sha256: 'a'.repeat(64) }] } });
    expect([Object.keys(evidence.statements).length, evidence.elements.length, evidence.records.length]).toEqual([2, 2, 4]);
    expect(JSON.parse(readFileSync(path('lean.json'), 'utf8'))).not.toHaveProperty('evidence');
  });

  const statements = ({ evidence }: Report) => Object.values(evidence.statements)[0]?.[0];
  it.each<[string, string, (report: Report) => void]>([
    ['a statement', 'damaged', (report) => Object.assign(statements(report) ?? {}, { fixed: '3.0.9-1' })],
    [
      'the installed version',
      'damaged',
      ({ evidence }) => Object.assign(evidence.elements[0] ?? {}, { sourceVersion: '3.0.0-1' }),
    ],
    ['an outcome', 'damaged', ({ evidence }) => Object.assign(evidence.records[2]?.outcome ?? {}, { verdict: 'not-affected' })],
    ['a hash', 'damaged', ({ evidence }) => Object.assign(evidence.records[2] ?? {}, { sha256: 'b'.repeat(64) })],
    [
      'which statements it names',
      'damaged',
      ({ evidence }) => Object.assign(evidence.records[0] ?? {}, { statements: 'c'.repeat(64) }),
    ],
    ['the version shown', 'outcome', ({ detections }) => Object.assign(detections[0] ?? {}, { installed: '3.0.2-1' })],
    ['the fix shown', 'outcome', ({ detections }) => Object.assign(detections[3] ?? {}, { fixed: null })],
    ['a detection that is gone', 'outcome', ({ detections }) => detections.pop()],
  ])('notices that %s was changed', async (what, problem, change) => {
    const { printed, exitCode } = await run('replay', changed(`${what}.json`, change), '--json');
    const { differing, same, verdicts } = JSON.parse(printed) as {
      differing: { problem: string }[];
      same: number;
      verdicts: number;
    };
    expect(differing.length).toBeGreaterThan(0);
    expect(new Set(differing.map((one) => one.problem))).toEqual(new Set([problem]));
    expect(same + differing.length).toBe(verdicts);
    expect(exitCode).toBe(1);
  });

  it.each([
    ['', 'is no JSON'],
    ['[]', 'holds no evidence'],
    ['{"detections":[]}', 'holds no evidence'],
    ['{"format":2,"records":[]}', 'holds no evidence'],
  ])('refuses %j', async (text, message) => {
    writeFileSync(path('hostile.json'), text);
    await expect(run('replay', path('hostile.json'))).rejects.toThrow(message);
  });

  it('refuses a record that names an element that is not there', async () => {
    const file = changed('lost.json', ({ evidence }) => (evidence.elements.length = 0));
    await expect(run('replay', file)).rejects.toThrow('names an element that is not in it');
  });
});

describe('explain of a scan', () => {
  it.each([
    ['0', 1],
    ['CVE-2026-0001', 2],
    ['CVE-2026-0001:libssl3', 1],
    ['280000001:libssl3:amd64', 1],
  ])('finds %s', async (which, count) => {
    const { printed } = await run('explain', '--scan', path('report.json'), which, '--json');
    expect((JSON.parse(printed) as { detections: unknown[] }).detections).toHaveLength(count);
  });

  it('prints the whole reasoning', async () => {
    const { printed } = await run('explain', '--scan', path('evidence.json'), 'CVE-2026-0001:libssl3');
    for (const line of [
      'libssl3 3.0.1-1 (amd64, installed)',
      'source        openssl 3.0.1-1, of which advisories speak',
      'release       debian bookworm',
      "verdict       affected, confirmed: the vendor's advisory speaks of this source package",
      'compared      3.0.1-1 < 3.0.2-1 by dpkg (deb-version(7))',
      'decided by    DSA-1000-1 (debian-dsa, 2026-01-01): fixed in 3.0.2-1',
      'because       an advisory of the authority; advisories add up',
      'set aside     debian-changelog:openssl:3.0.3-1 (debian-changelog, 2026-01-01): fixed in 3.0.3-1; an advisory goes before a changelog',
      'knowledge     made 2026-01-02T00:00:00Z, newest advisory 2026-01-01',
      `origin        debian-dsa from list, retrieved 2026-01-01T00:00:00Z, SHA-256 ${'a'.repeat(64)}`,
      'judged again to the same bytes',
    ])
      expect(printed).toContain(line);
  });

  it('says of tampered evidence that it is', async () => {
    const file = changed('tampered.json', ({ evidence }) => Object.assign(evidence.records[0] ?? {}, { sha256: 'b'.repeat(64) }));
    expect((await run('explain', '--scan', file, '0')).printed).toContain(
      'DAMAGED: the record is not the one that its hash names',
    );
  });

  it.each(['4', 'CVE-2026-9999', 'CVE-2026-0001:bash'])('has no detection %s', async (which) => {
    await expect(run('explain', '--scan', path('report.json'), which)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

/** A platform that answers in turn. */
async function platform(...answers: unknown[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers.shift()));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.dispose]: () => server.close(),
  };
}

const assetId = '018f2c7e-0000-7000-8000-000000000001';

describe('replay of the platform', () => {
  const difference = {
    check: 280_000_001,
    package: 'libssl3',
    version: '3.0.1-1',
    knowledgeVersion: 1,
    problem: 'differs',
    stored: 'a',
    replayed: 'b',
    detail: 'confidence: confirmed → information',
  };

  it('asks until the end and adds up', async () => {
    using server = await platform(
      { verdicts: 3, same: 3, differing: [], next: '1.2.3' },
      { verdicts: 2, same: 1, differing: [difference], next: null },
    );
    const words = ['--asset', assetId, '--check', 'CVE-2026-0001', '--since', '2026-11-01'];
    const { printed, exitCode } = await runAgainst(server.url, 'replay', ...words);
    expect(server.asked.map((url) => new URL(url, server.url).search)).toEqual([
      `?assetId=${assetId}&check=280000001&since=2026-11-01T00%3A00%3A00.000Z`,
      `?assetId=${assetId}&check=280000001&since=2026-11-01T00%3A00%3A00.000Z&after=1.2.3`,
    ]);
    expect(printed).toContain('5 verdicts judged again: 4 came out byte for byte the same, 1 did not');
    expect(printed).toContain('confidence: confirmed → information');
    expect(exitCode).toBe(1);
  });

  it.each([
    ['--since', 'yesterday'],
    ['--since', '2026-13-01'],
    ['--asset', 'web-1'],
    ['--check', 'x'],
  ])('refuses %s %s', async (...words) => {
    await expect(run('replay', ...words)).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('explain of the platform', () => {
  const element = {
    ecosystem: 'debian',
    release: 'bookworm',
    name: 'libssl3',
    version: '3.0.1-1',
    architecture: 'amd64',
  } as const;
  const statement = { ...openssl, check: 280_000_001, advisory: 'DSA-1000-1', feed: 'debian-dsa', published: '2026-01-01' };
  const [verdict] = judge({ ...element, source: 'openssl', sourceVersion: '3.0.1-1', role: 'installed' }, [statement]);
  if (!verdict) throw new Error('the case has no verdict');
  const reason = explain(verdict);
  const explanation = (sha256: string): Explanation => ({
    posture: null,
    risk: null,
    detection: {
      assetId: assetId as Explanation['detection']['assetId'],
      hostname: 'web-1',
      check: 280_000_001,
      name: 'CVE-2026-0001',
      kind: 'vulnerability',
      title: null,
      severity: 3,
      confidence: 'confirmed',
      status: 'active',
      firstFound: '2026-01-02T00:00:00Z',
      lastFound: '2026-01-03T00:00:00Z',
      fixedAt: null,
      kevSince: null,
      risk: 100,
      exception: null,
      cvssScore: null,
      cvssVersion: null,
      epssScore: null,
      packages: [reason.package],
    },
    intervals: [{ from: '2026-01-02T00:00:00Z', until: null, cause: 'first-scan', endCause: null }],
    why: [
      {
        ...reason,
        origin: null,
        knowledgeVersion: 7,
        knowledgeAt: '2026-01-02T00:00:00Z',
        evidence: { sha256, record: evidenceOf(verdict) },
      },
    ],
  });

  it('prints the reasoning, the history and whether the evidence is sound', async () => {
    using server = await platform(explanation('a'.repeat(64)));
    const { printed } = await runAgainst(server.url, 'explain', `${assetId}:CVE-2026-0001:libssl3`);
    expect(server.asked).toEqual([`/api/v1/assets/${assetId}/detections/280000001`]);
    expect(printed).toContain('CVE-2026-0001 (check 280000001) on web-1: active since 2026-01-02T00:00:00Z');
    expect(printed).toContain('version 7 of 2026-01-02T00:00:00Z');
    expect(printed).toContain('COMES OUT DIFFERENTLY');
    expect(printed).toContain('2026-01-02T00:00:00Z – now: first-scan');
  });

  it('knows no package that the detection has not', async () => {
    using server = await platform(explanation('a'.repeat(64)));
    await expect(runAgainst(server.url, 'explain', `${assetId}:CVE-2026-0001:bash`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
