import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformProcess } from '@vedette/testkit';

/** What a platform uses, its PostgreSQL included. */
export interface Usage {
  readonly nodeCpuSeconds: number;
  readonly postgresCpuSeconds: number;
  readonly nodeRssBytes: number;
  /** Proportional set size: shared buffers counted once. */
  readonly postgresPssBytes: number;
}

const ticksPerSecond = 100; // USER_HZ is 100 on every Linux that Node supports.

export function usageOf(platform: PlatformProcess): Usage {
  const postmaster = Number(
    readFileSync(join(platform.dataDirectory, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n', 1)[0],
  );
  const children = globSync('/proc/[0-9]*/stat').flatMap((file) => {
    const stat = read(file);
    return Number(fields(stat)[1]) === postmaster ? [Number(stat.split(' ', 1)[0])] : [];
  });
  const postgres = [postmaster, ...children];
  return {
    nodeCpuSeconds: cpuSeconds(platform.pid, false),
    // Of connections that ended the postmaster knows.
    postgresCpuSeconds: postgres.reduce((sum, pid) => sum + cpuSeconds(pid, pid === postmaster), 0),
    nodeRssBytes: kilobytes(`/proc/${platform.pid}/status`, 'VmRSS'),
    postgresPssBytes: postgres.reduce((sum, pid) => sum + kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss'), 0),
  };
}

export function cpuBetween(before: Usage, after: Usage): { node: number; postgres: number; total: number } {
  const node = after.nodeCpuSeconds - before.nodeCpuSeconds;
  const postgres = after.postgresCpuSeconds - before.postgresCpuSeconds;
  return { node, postgres, total: node + postgres };
}

function cpuSeconds(pid: number, withChildren: boolean): number {
  const times = fields(read(`/proc/${pid}/stat`)).slice(11, withChildren ? 15 : 13);
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** Of proc_pid_stat(5), those behind the name. */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function kilobytes(file: string, label: string): number {
  return 1024 * Number(new RegExp(`^${label}:\\s+(\\d+) kB`, 'm').exec(read(file))?.[1] ?? 0);
}

/** Empty for a process that ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
