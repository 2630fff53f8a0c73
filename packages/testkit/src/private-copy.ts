import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { eventually } from './eventually.ts';

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

export interface CopyOptions {
  /** systemd as its first process, so that services are started and kept running; default: nothing runs by itself. */
  readonly systemd?: boolean;
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
# Only what stands inside may call itself ready: whoever enters sooner would land in the machine itself.
[ "$3" = systemd ] || exec chroot . sh -c 'echo "ready $0"; exec cat' "$pid"

# systemd as in a container: file systems of its own where it writes, its part of each cgroup hierarchy (cgroups(7), v1 and v2),
# and none of the services that would set up the machine instead of the copy.
hierarchies=$(grep -E '^[^ ]+ /sys/fs/cgroup[^ ]* cgroup2? ' /proc/mounts)
umount -R sys dev
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
echo "$hierarchies" | while read -r _ path type options _; do
  [ "$path" != /sys/fs/cgroup ] || { umount sys/fs/cgroup; mount -t cgroup2 cgroup2 sys/fs/cgroup; break; }
  mkdir -p ".$path"
  kept=
  for option in $(echo "$options" | tr , ' '); do
    case $option in rw | ro | relatime | nosuid | nodev | noexec | nsdelegate | memory_recursiveprot) ;;
    name=*) kept=$kept,none,$option ;;
    *) kept=$kept,$option ;;
    esac
  done
  mount -t "$type" -o "rw$kept" "$type" ".$path"
done
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do cp -a "/dev/$node" dev/; done
mkdir dev/pts dev/shm
mount -t devpts devpts dev/pts
rm usr/sbin/policy-rc.d
for unit in systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger systemd-networkd systemd-timesyncd; do
  ln -sf /dev/null "etc/systemd/system/$unit.service"
done
: >etc/machine-id
# Whoever holds our standard input has ended: so does the copy. reboot(2) ends the first process of a namespace.
(exec 4<&0; chroot . sh -c 'cat <&4 >/dev/null; systemctl poweroff --force --force' >/dev/null 2>&1 &)
exec chroot . sh -c 'echo "ready $0"; exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=false' "$pid" </dev/null`;

/** Why this machine gives no private copy; null when it does. For `describe.skipIf`. */
export async function privateCopyRefusal(options: CopyOptions = {}): Promise<string | null> {
  if (process.platform !== 'linux') return 'no Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    await (await privateCopy(options))[Symbol.asyncDispose]();
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
export async function privateCopy({ systemd = false }: CopyOptions = {}): Promise<PrivateCopy> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-copy-'));
  const cgroups = systemd ? makeCgroups(basename(directory)) : [];
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', ...(systemd ? own : [])];
  const script = ['sh', '-c', setUp, 'sh', directory, repository, systemd ? 'systemd' : 'plain'];
  // A cgroup namespace begins where the process that makes it is.
  const enter = ['-c', 'for group in $GROUPS_TO_ENTER; do echo $$ >"$group/cgroup.procs"; done; exec unshare "$@"', 'sh'];
  const holder = spawn('sh', [...enter, ...namespaces, ...script], {
    stdio: 'pipe',
    env: { ...process.env, GROUPS_TO_ENTER: cgroups.join(' ') },
  });
  const ended = once(holder, 'close').catch(() => undefined); // 'error': no such program; then there is no line either
  const remove = async (): Promise<void> => {
    holder.stdin.destroy();
    // unshare(1) ignores SIGTERM while it waits; killed, it takes the first process of the copy with it.
    holder.kill('SIGKILL');
    await ended;
    rmdirSync(directory);
    await removeCgroups(cgroups);
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
  if (systemd) await systemIsUp(start).catch(async (error: unknown) => (await remove(), Promise.reject(error)));
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

/** Namespaces that systemd needs for itself besides. */
const own = ['--cgroup', '--uts', '--ipc'];

/** A cgroup of that name in every hierarchy of this machine (cgroups(7)). */
function makeCgroups(name: string): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const hierarchies = mounts.flatMap((line) => {
    const [, path, type] = line.split(' ');
    return path !== undefined && (type === 'cgroup' || type === 'cgroup2') ? [path] : [];
  });
  const paths = hierarchies.map((path) => join(path, name));
  for (const path of paths) {
    mkdirSync(path);
    // A new cpuset has no processors, and nothing can enter it.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = join(path, file);
      if (existsSync(own) && path.includes('/cpuset/')) writeFileSync(own, readFileSync(join(path, '..', file)));
    }
  }
  return paths;
}

/** The kernel keeps a cgroup until the last process in it is gone, children first. */
async function removeCgroups(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await eventually(`the end of cgroup ${path}`, 10_000, async () => {
      try {
        const inside = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
        for (const entry of inside.toReversed()) rmdirSync(join(entry.parentPath, entry.name));
        rmdirSync(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EBUSY') return null;
        throw error;
      }
    });
  }
}

async function systemIsUp(start: PrivateCopy['start']): Promise<void> {
  await eventually('systemd', 60_000, async () => {
    const asked = start('systemctl', ['is-system-running'], {});
    const state = asked.stdout ? (await text(asked.stdout)).trim() : '';
    return state === 'running' || state === 'degraded' ? true : null;
  });
}
