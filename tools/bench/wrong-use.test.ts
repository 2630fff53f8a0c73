import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it.each([
  [['flet'], 'there is no "flet"'],
  [['fleet', '--assets', '0'], '--assets begins at 1'],
  [['fleet', '--assets', '10.5'], '--assets takes a whole number, not 10.5'],
  [['fleet', '--assets', '1e3'], '--assets takes a whole number, not 1e3'],
  [['fleet', '--runs', '0'], '--runs begins at 1'],
  [['fleet', '--fleets', '2'], "Unknown option '--fleets'"],
])('%j measures nothing and says why', (args, why) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(why)]);
});
