import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** User and system time of this process since it started. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** VmHWM of proc_pid_status(5). */
  readonly peakRssBytes: number;
  /** Private pages that no file backs as they are: what the kernel cannot drop, only swap. */
  readonly unevictableBytes: number;
}

/** What this process costs, in the words the platform shows. Figures that the system does not state are 0. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const rollup = kilobyteFields('/proc/self/smaps_rollup');
  const status = kilobyteFields('/proc/self/status');
  const rssBytes = process.memoryUsage.rss();
  return {
    cpuSeconds: (user + system) / 1e6,
    rssBytes,
    peakRssBytes: status.get('VmHWM') ?? rssBytes,
    unevictableBytes: rollup.get('Private_Dirty') ?? status.get('RssAnon') ?? 0,
  };
}

/** Lines of the form `Name:  123 kB`, in bytes. */
function kilobyteFields(path: string): ReadonlyMap<string, number> {
  try {
    const lines = readFileSync(path, 'utf8').matchAll(/^(\w+): +(\d+) kB$/gm);
    return new Map([...lines].map(([, name = '', kilobytes]) => [name, Number(kilobytes) * 1024]));
  } catch {
    return new Map(); // An old kernel without smaps_rollup; the caller falls back.
  }
}
