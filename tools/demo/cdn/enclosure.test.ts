import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@vedette/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

const refusal =
  spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true']).status === 0 ? null : 'no namespaces';

/** Processes of this machine whose command line holds this text. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(text);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** A process that encloses a shell, which starts a sleeper of that many seconds that nobody ends. */
async function encloses(seconds: string, { last, temporary }: { last: string; temporary: string }): Promise<ChildProcess> {
  const script = `import { enclosed } from ${JSON.stringify(join(import.meta.dirname, 'enclosure.ts'))};
    process.exitCode = await enclosed(['sh', '-c', ${JSON.stringify(`setsid sleep ${seconds} & echo started; ${last}`)}]);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
  });
  for await (const line of createInterface({ input: child.stdout })) if (line === 'started') break;
  return child;
}

describe.skipIf(refusal !== null)(`enclosed${refusal === null ? '' : ` (skipped: ${refusal})`}`, () => {
  it.each([
    ['it ends', '987651', null, 7],
    ['it is told to end', '987652', 'SIGTERM', 130],
    ['somebody types Ctrl-C', '987653', 'SIGINT', 130],
    ['whoever encloses it is killed', '987654', 'SIGKILL', null],
  ] as const)('leaves no process when %s', async (_, seconds, signal, expected) => {
    const temporary = mkdtempSync(join(tmpdir(), 'vedette-enclosure-'));
    onTestFinished(() => rmSync(temporary, { recursive: true }));
    const child = await encloses(seconds, { last: signal === null ? 'exit 7' : 'cat >/dev/null', temporary });
    const ended = once(child, 'exit');
    if (signal !== null) child.kill(signal);
    const [code] = (await ended) as [number | null]; // documented arguments of 'exit'
    expect(code).toBe(expected);
    await eventually('the end of the sleeper', 10_000, () => (processesWith(seconds).length === 0 ? true : null));
  });
});
