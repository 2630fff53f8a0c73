import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The program as a shell starts it, with no platform. */
function run(...words: string[]) {
  const env = { HOME: '/nonexistent', PATH: process.env['PATH'], VEDETTE_URL: 'http://127.0.0.1:9', VEDETTE_TOKEN: 'vdt_x' };
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words], {
    encoding: 'utf8',
    env,
  });
  return { stdout, stderr, status };
}

it('points at the part of a query that is wrong, below it', () => {
  const { stdout, stderr, status } = run('assets', 'list', '--query', 'os:debian and (');
  expect([stdout, status]).toEqual(['', 2]);
  const [, , query = '', mark = '', why = ''] = stderr.split('\n');
  expect([query.trim(), mark.trim(), why.trim()]).toEqual(['os:debian and (', '^', 'a closing parenthesis is missing']);
  expect(mark.indexOf('^')).toBe(query.indexOf('(') + 1);
});
