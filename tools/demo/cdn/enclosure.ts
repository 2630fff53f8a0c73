import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is left to what runs inside to put itself away before it is ended. */
const graceMs = 15_000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * First process inside: a shell, which reaps what loses its parent. $1 is an empty directory, where temporary files live; they and a view of
 * /run/netns of its own go with the mount namespace.
 */
const setUp = `set -eu
mkdir -p /run/netns
mount -t tmpfs -o mode=755 none /run/netns
mount -t tmpfs -o mode=755 none "$1"
export TMPDIR="$1"
shift
"$@"`;

/**
 * Runs a program in namespaces of its own for networks, mounts and processes (namespaces(7)): the machine sees nothing of it, and whatever
 * it has started ends with it, however it ends. A signal to this process closes the program's standard input, by which it knows that it
 * has to end. Returns its exit code; 130 after a signal.
 */
export async function enclosed(command: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-demo-'));
  const own = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // A session of its own: Ctrl-C goes to a whole group of processes, and would end all of it at once.
  const child = spawn('unshare', [...own, 'sh', '-c', setUp, 'sh', directory, ...command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
    child.stdin.end();
    setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    const [code] = (await once(child, 'close')) as [number | null]; // documented arguments of 'close'
    return isStopped ? 130 : (code ?? 1);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    rmdirSync(directory);
  }
}

/** Inside: aborts when whoever started this wants it to end, or has ended. */
export function endOfInput(): AbortSignal {
  const controller = new AbortController();
  process.stdin.once('close', () => controller.abort(new Error('it was stopped')));
  process.stdin.resume();
  return controller.signal;
}
