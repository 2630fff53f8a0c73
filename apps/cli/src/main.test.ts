import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'main.ts');
const home = mkdtempSync(join(tmpdir(), 'vedette-home-'));
afterAll(() => rmSync(home, { recursive: true }));

/** The program as a shell starts it, with no platform. */
function run(words: readonly string[], change: Readonly<Record<string, string>> = {}) {
  const standard = { HOME: home, VEDETTE_URL: 'http://127.0.0.1:9', VEDETTE_TOKEN: 'vdt_x' };
  const env = { PATH: process.env['PATH'], ...standard, ...change };
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    env,
  });
  return { stdout, stderr, status };
}

it('says that a disk is full, in one line, and fails', () => {
  const { stderr, status } = spawnSync('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, program, 'completion', 'zsh'], {
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual([expect.stringMatching(/^vedette: ENOSPC.*\n$/), 1]);
});

it('points at the part of a query that is wrong, below it', () => {
  const { stdout, stderr, status } = run(['assets', 'list', '--query', 'os:debian and (']);
  expect([stdout, status]).toEqual(['', 2]);
  const [, , query = '', mark = '', why = ''] = stderr.split('\n');
  expect([query.trim(), mark.trim(), why.trim()]).toEqual(['os:debian and (', '^', 'a closing parenthesis is missing']);
  expect(mark.indexOf('^')).toBe(query.indexOf('(') + 1);
});

it.each(['ftp://vedette.example', 'http://ada:a-secret@vedette.example', 'vedette.example'])(
  'takes %s for a wrong configuration, and repeats no password',
  (VEDETTE_URL) => {
    const { stderr, status } = run(['status'], { VEDETTE_URL });
    expect([status, stderr]).toEqual([78, 'vedette: VEDETTE_URL is no http or https address without user and password\n']);
    expect(run(['login', '--url', VEDETTE_URL]).status).toBe(2);
  },
);

it.skipIf(!existsSync('/usr/bin/openssl'))("says how to believe a certificate of one's own authority", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-tls-'));
  const { caFile, certFile, keyFile } = certificateFor(directory, 'localhost');
  // A process of its own: this one waits for the program.
  const script = `require('node:https').createServer({ key: require('node:fs').readFileSync('${keyFile}'),
    cert: require('node:fs').readFileSync('${certFile}') }, (_, reply) => reply.end('{}'))
    .listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  const VEDETTE_URL = `https://localhost:${String(port).trim()}`;
  try {
    const unknown = run(['status'], { VEDETTE_URL });
    expect([unknown.status, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/certificate that is not believed .*NODE_EXTRA_CA_CERTS=FILE/),
    ]);
    expect(run(['status'], { VEDETTE_URL, NODE_EXTRA_CA_CERTS: caFile }).stderr).toContain('is it a Vedette platform');
  } finally {
    server.kill();
    rmSync(directory, { recursive: true });
  }
});

interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program as a shell starts it against a server of this process; `watch` sees it run. */
async function runAgainst(
  server: Server,
  words: readonly string[],
  change: Readonly<Record<string, string>> = {},
  watch: (child: ChildProcessWithoutNullStreams) => void = () => {},
): Promise<Told> {
  const VEDETTE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PATH: process.env['PATH'], HOME: home, VEDETTE_URL, VEDETTE_TOKEN: 'vdt_x', ...change };
  const child = spawn(process.execPath, [program, ...words], { env });
  const told = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (told.stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (told.stderr += chunk));
  watch(child);
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { ...told, status, signal };
}

describe('a list that is written while it is read', () => {
  let pages = 0;
  let last = Infinity;
  const one = { name: 'libc6', version: '2.36', ecosystem: 'Debian', release: '12', source: 'glibc', assets: 1, detections: 0 };
  const server = createServer((_, reply) => {
    pages += 1;
    if (pages > last) return reply.writeHead(500).end('{"detail":"The platform could not answer"}');
    const items = Array.from({ length: 500 }, () => one);
    return reply.end(JSON.stringify({ total: 1_000_000, items, next: `${pages}` }));
  });
  beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
  afterAll(() => server.close());

  it.each(['json', 'jsonl', 'yaml', 'csv'])('as %s ends where nobody reads on, without a word', async (format) => {
    [pages, last] = [0, Infinity];
    const words = ['software', 'list', '--all', '-o', format];
    const told = await runAgainst(server, words, {}, ({ stdout }) => stdout.once('data', () => stdout.destroy()));
    expect(told).toMatchObject({ stderr: '', status: 0, stdout: expect.stringContaining('libc6') });
  });

  it('fails where it breaks off, and is no JSON', async () => {
    [pages, last] = [0, 2];
    const { stdout, stderr, status } = await runAgainst(server, ['software', 'list', '--all', '-o', 'json']);
    expect([stderr, status, stdout.split('libc6').length - 1]).toEqual(['vedette: The platform could not answer\n', 1, 1000]);
    expect(() => JSON.parse(stdout)).toThrow('JSON');
  });
});

describe('a platform that is busy', () => {
  let refusals = 0;
  let seconds = 1;
  const server = createServer((_, reply) => {
    refusals -= 1;
    if (refusals < 0) return reply.end('{"items":[]}');
    const headers = { 'retry-after': String(seconds) };
    return reply.writeHead(503, headers).end('{"code":"UNAVAILABLE","detail":"The index of the fleet is being built"}');
  });
  beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
  afterAll(() => server.close());

  it('is asked again when it says, without a word where that is soon', async () => {
    [refusals, seconds] = [2, 1];
    expect(await runAgainst(server, ['api', 'GET', '/tags'])).toMatchObject({
      stdout: expect.stringContaining('items'),
      stderr: '',
      status: 0,
    });
  });

  it('is given up where it takes too long, or no wait is wanted, with the exit code of a failure', async () => {
    const failed = { stderr: 'vedette: The index of the fleet is being built\n', stdout: '', status: 1 };
    [refusals, seconds] = [9, 61];
    expect(await runAgainst(server, ['api', 'GET', '/tags'])).toMatchObject(failed);
    [refusals, seconds] = [9, 1];
    expect(await runAgainst(server, ['api', 'GET', '/tags'], { VEDETTE_WAIT_SECONDS: '0' })).toMatchObject(failed);
    expect(await runAgainst(server, ['api', 'POST', '/tags/web'])).toMatchObject(failed);
    expect(await runAgainst(server, ['api', 'GET', '/tags'], { VEDETTE_WAIT_SECONDS: 'long' })).toMatchObject({ status: 78 });
  });

  it.each<[string, string[], object]>([
    ['at once', ['api', 'GET', '/tags'], { signal: 'SIGINT', status: null }],
    ['as one that follows ends', ['events', 'list', '--follow', '--since', '1h'], { signal: null, status: 0 }],
  ])('is waited for aloud, until Ctrl-C ends it %s', async (_, words, ended) => {
    [refusals, seconds] = [9, 55];
    const note = 'vedette: asks again in 55 s (The index of the fleet is being built)\n';
    expect(await runAgainst(server, words, {}, (child) => child.stderr.once('data', () => child.kill('SIGINT')))).toMatchObject({
      stdout: '',
      stderr: note,
      ...ended,
    });
  });
});
