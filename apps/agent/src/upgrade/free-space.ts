import { readFileSync, statfsSync } from 'node:fs';

/** Bytes free for this user on the file system of `directory`. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Bytes the kernel could give without swapping (proc_meminfo(5)), and the control group may still take; Infinity where nobody says. */
export function freeMemory(): number {
  const available = /^MemAvailable:\s+(\d{1,15}) kB$/m.exec(readIfPresent('/proc/meminfo'))?.[1];
  const group = /^0::(\/\S*)$/m.exec(readIfPresent('/proc/self/cgroup'))?.[1];
  const inGroup = (name: string): number => Number(readIfPresent(`/sys/fs/cgroup${group ?? ''}/${name}`).trim() || Number.NaN);
  const [limit, used] = [inGroup('memory.high'), inGroup('memory.current')];
  const left = Number.isFinite(limit) && Number.isFinite(used) ? limit - used : Infinity;
  return Math.min(available === undefined ? Infinity : Number(available) * 1024, left);
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
