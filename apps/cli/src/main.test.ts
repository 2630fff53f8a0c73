import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor } from '@vedette/testkit';
import { afterAll, expect, it } from 'vitest';

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
