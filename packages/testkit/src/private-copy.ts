import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** The machine as it is, writable, and gone afterwards: what a test installs or breaks in it, the machine never sees. */
export interface PrivateCopy extends AsyncDisposable {
  /** Runs a program inside and returns its stdout. Throws with the end of its output when it does not exit with 0. */
  run(command: string, args?: readonly string[], options?: InsideOptions): Promise<string>;
  /** Starts a program inside that lives until it ends by itself or the copy goes away. */
  start(command: string, args: readonly string[], options?: InsideOptions): ChildProcess;
}

export interface InsideOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

const repository = join(import.meta.dirname, '../../..');

/**
 * First process of the copy. It holds the namespaces for as long as its standard input is open, so they go away, and everything
 * running inside with them, however the test ends. $1 is an empty directory, $2 the repository, which may lie on a file system
 * of its own. Writing needs a file system other than the one below: overlayfs refuses layers inside each other.
 */
const setUp = `set -eu
read -r pid rest </proc/self/stat
mount -t tmpfs -o size=4g,mode=755 vedette "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mkdir -p tmp ".$2"
chmod 1777 tmp
mount --bind "$2" ".$2"
mount -o remount,bind,ro ".$2"
test -e var/lib/dpkg/status
# Copied up now, the database no longer follows what others install on the machine meanwhile.
touch -c -r var/lib/dpkg/status var/lib/dpkg/status
# Debian's way to say that installing starts no service (invoke-rc.d(8)): ports are those of the machine.
printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
echo "ready $pid"
exec chroot . cat`;

/** Why this machine gives no private copy; null when it does. For `describe.skipIf`. */
export async function privateCopyRefusal(): Promise<string | null> {
  if (process.platform !== 'linux') return 'no Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    await (await privateCopy())[Symbol.asyncDispose]();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * A copy of this machine: an overlay over its root in mount and process namespaces of its own. The network is shared, so what
 * runs inside reaches a platform on loopback. Needs root and a Debian machine whose root file system holds /var. Throws with
 * the reason where the system refuses.
 */
export async function privateCopy(): Promise<PrivateCopy> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-copy-'));
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const holder = spawn('unshare', [...namespaces, 'sh', '-c', setUp, 'sh', directory, repository], { stdio: 'pipe' });
  const ended = once(holder, 'close').catch(() => undefined); // 'error': no such program; then there is no line either
  const remove = async (): Promise<void> => {
    holder.stdin.destroy();
    holder.kill();
    await ended;
    rmdirSync(directory);
  };
  const complaint = text(holder.stderr);
  const pid = await readyLine(holder.stdout);
  if (pid === null) {
    await remove();
    throw new Error(`no private copy of this machine: ${(await complaint).trim() || 'unshare cannot be run'}`);
  }
  const start: PrivateCopy['start'] = (command, args, options = {}) => {
    const inside = ['--target', pid, '--mount', '--pid', '--root', '--wd', command, ...args];
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', ...options.environment };
    return spawn('nsenter', inside, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: environment,
    });
  };
  return {
    start,
    run: async (command, args = [], options = {}) => {
      const child = start(command, args, options);
      child.stdin?.end(options.input);
      const outputs = Promise.all([child.stdout, child.stderr].map(async (stream) => (stream ? text(stream) : '')));
      const [code] = (await once(child, 'close')) as [number | null]; // documented arguments of 'close'
      const [stdout = '', stderr = ''] = await outputs;
      if (code !== 0) {
        throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${`${stdout}\n${stderr}`.trim().slice(-4000)}`);
      }
      return stdout;
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** The process id, as seen from outside, that the script tells when all is in place; null when it ended before. */
async function readyLine(output: NodeJS.ReadableStream): Promise<string | null> {
  for await (const line of createInterface({ input: output })) {
    const pid = /^ready (\d+)$/.exec(line)?.[1];
    if (pid) return pid;
  }
  return null;
}
