import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const program = join(import.meta.dirname, 'main.ts');

/** The program as a shell starts it, with no platform. */
function run(...words: string[]) {
  const env = { HOME: '/nonexistent', PATH: process.env['PATH'], VEDETTE_URL: 'http://127.0.0.1:9', VEDETTE_TOKEN: 'vdt_x' };
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
  const { stdout, stderr, status } = run('assets', 'list', '--query', 'os:debian and (');
  expect([stdout, status]).toEqual(['', 2]);
  const [, , query = '', mark = '', why = ''] = stderr.split('\n');
  expect([query.trim(), mark.trim(), why.trim()]).toEqual(['os:debian and (', '^', 'a closing parenthesis is missing']);
  expect(mark.indexOf('^')).toBe(query.indexOf('(') + 1);
});
