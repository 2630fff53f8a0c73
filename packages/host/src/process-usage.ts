import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** User and system time of this process since it started. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** The larger of VmHWM (proc_pid_status(5)) and what was seen before each trim. */
  readonly peakRssBytes: number;
  /** Private pages that no file backs as they are: what the kernel cannot drop, only swap. */
  readonly unevictableBytes: number;
}

let peakSeenBytes = 0;

/**
 * Remembers the present peak. To be called before pages are dropped: Linux takes the larger of its mark and the present
 * RSS for VmHWM, and does not raise the mark when madvise(2) drops pages.
 */
export function notePeak(): number {
  const vmHwm = kilobyteFields('/proc/self/status').get('VmHWM') ?? 0;
  peakSeenBytes = Math.max(peakSeenBytes, vmHwm, process.memoryUsage.rss());
  return peakSeenBytes;
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
    peakRssBytes: notePeak(),
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
