import { readdirSync, readFileSync } from 'node:fs';

/** A process as the kernel counts it, seen from outside; proc_pid_status(5), proc_pid_smaps(5), proc_pid_stat(5). */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly rssBytes: number;
  /** Private dirty memory: what cannot be dropped and read again from disk. */
  readonly unevictableBytes: number;
  /** Times that a thread which had slept was given a CPU: voluntary context switches of all threads. */
  readonly wakeUps: number;
}

// USER_HZ is 100 on every Linux that Node supports.
const ticksPerSecond = 100;

export function processFigures(pid: number): ProcessFigures {
  const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');
  const bytes = (file: string, label: string): number =>
    1024 * Number(new RegExp(`^${label}:\\s+(\\d+) kB`, 'm').exec(read(file))?.[1] ?? 0);
  const stat = read('stat');
  const times = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => read(`task/${thread}/status`));
  const wakeUps = threads.map((status) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  return {
    cpuSeconds: (Number(times[11]) + Number(times[12])) / ticksPerSecond,
    peakRssBytes: bytes('status', 'VmHWM'),
    rssBytes: bytes('status', 'VmRSS'),
    unevictableBytes: bytes('smaps_rollup', 'Private_Dirty'),
    wakeUps: wakeUps.reduce((sum, count) => sum + count, 0),
  };
}
