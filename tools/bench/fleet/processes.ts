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

/** What one part of a benchmark took: wall time, and processor time of this process, the platform and its PostgreSQL. */
interface PhaseCost {
  readonly seconds: number;
  readonly benchCpuSeconds: number;
  readonly nodeCpuSeconds: number;
  readonly postgresCpuSeconds: number;
}

/** Costs of parts that follow one another, from the start of this process on. */
export class PhaseCosts {
  readonly phases: Record<string, PhaseCost> = {};
  readonly #platform: PlatformProcess;
  #before: PhaseCost = { seconds: 0, benchCpuSeconds: 0, nodeCpuSeconds: 0, postgresCpuSeconds: 0 };

  constructor(platform: PlatformProcess) {
    this.#platform = platform;
  }

  /** What happened since the last one ended was this. */
  end(name: string): void {
    const { user, system } = process.cpuUsage();
    const { nodeCpuSeconds, postgresCpuSeconds } = usageOf(this.#platform);
    const now = { seconds: performance.now() / 1000, benchCpuSeconds: (user + system) / 1e6, nodeCpuSeconds, postgresCpuSeconds };
    const before = this.#before;
    this.phases[name] = {
      seconds: now.seconds - before.seconds,
      benchCpuSeconds: now.benchCpuSeconds - before.benchCpuSeconds,
      // What is less than before was used by another process, or by none.
      nodeCpuSeconds: nodeCpuSeconds - (nodeCpuSeconds < before.nodeCpuSeconds ? 0 : before.nodeCpuSeconds),
      postgresCpuSeconds: postgresCpuSeconds - before.postgresCpuSeconds,
    };
    this.#before = now;
  }
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
