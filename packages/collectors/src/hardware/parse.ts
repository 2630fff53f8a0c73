import { wholeNumber } from '../shared/whole-number.ts';

export interface Processors {
  readonly model: string;
  readonly count: number;
  /** Whether the processor says that it runs under a hypervisor (CPUID leaf 1, ECX bit 31). */
  readonly hasHypervisor: boolean;
}

/** /proc/cpuinfo; on ARM it names no model. */
export function parseCpuInfo(text: string): Processors {
  let model = '';
  let count = 0;
  let hasHypervisor = false;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (name === 'processor') count += 1;
    else if (name === 'model name' && model === '') model = line.slice(colon + 1).trim();
    else if (name === 'flags' && !hasHypervisor) hasHypervisor = ` ${line.slice(colon + 1)} `.includes(' hypervisor ');
  }
  return { model, count, hasHypervisor };
}

/** MemTotal of proc_meminfo(5) in bytes; 0 when it is not stated. */
export function parseMemoryBytes(text: string): number {
  const kilobytes = wholeNumber(/^MemTotal:[ \t]+([0-9]{1,15}) kB$/m.exec(text)?.[1] ?? '', Number.MAX_SAFE_INTEGER / 1024);
  return (kilobytes ?? 0) * 1024;
}

/**
 * When the system was started, from btime of proc_stat(5), as RFC 3339 cut to the minute: the kernel derives it from the clock, so
 * its seconds move when the clock is set. Empty when it is not stated.
 */
export function parseBootedAt(text: string): string {
  // Largest time a Date can hold, in seconds.
  const seconds = wholeNumber(/^btime ([0-9]{1,15})$/m.exec(text)?.[1] ?? '', 8_640_000_000_000);
  if (seconds === null) return '';
  return `${new Date((seconds - (seconds % 60)) * 1000).toISOString().slice(0, -'.000Z'.length)}Z`;
}
