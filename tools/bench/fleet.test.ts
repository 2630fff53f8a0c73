import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

it('a fleet whose platform is killed is no measurement: says so, and fails', async () => {
  const args = [join(import.meta.dirname, 'main.ts'), 'fleet', '--assets', '20', '--seconds', '20'];
  const bench = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(bench, 'exit');
  let [said, figures] = ['', ''];
  bench.stdout.setEncoding('utf8').on('data', (text: string) => (figures += text));
  for await (const line of createInterface({ input: bench.stderr })) {
    said += `${line}\n`;
    // Before, it is killed and started again by the benchmark itself.
    if (line.includes('rebuildMs')) process.kill(platformOf(bench.pid), 'SIGKILL');
  }
  expect([await exit, figures, said]).toEqual([[1, null], '', expect.stringContaining('the platform ended with SIGKILL')]);
}, 120_000);

function platformOf(parent: number | undefined): number {
  const pids = globSync('/proc/[0-9]*/stat').flatMap((file) => {
    const [pid = '', , , of] = read(file).split(' '); // neither name has a blank
    return Number(of) === parent && read(`/proc/${pid}/cmdline`).includes('apps/server/src/main.ts') ? [Number(pid)] : [];
  });
  expect(pids).toHaveLength(1);
  return pids[0] ?? 0;
}

/** Empty for a process that ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
