import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Who else wants the machine at this moment. */
export interface Pressure {
  /** Other threads want every CPU now, or tasks waited for one or for a disk for a fifth of the last ten seconds. */
  readonly isBusy: boolean;
  /** Tasks waited for memory for a twentieth of the last ten seconds. */
  readonly isMemoryTight: boolean;
  /** Runs on a battery that is being used up. */
  readonly isOnBattery: boolean;
}

// Percent of the last ten seconds in which at least one task waited.
const busyPercent = 20;
const tightPercent = 5;

/**
 * From pressure stall information (proc_pressure(5)), from the run queue in proc_loadavg(5), because two threads on two CPUs wait
 * for nobody but leave no room, and from /sys/class/power_supply. What the system does not tell counts as no pressure.
 */
export function readPressure({ proc = '/proc', sys = '/sys', cpus = availableParallelism() } = {}): Pressure {
  const waited = (resource: string): number => {
    const [, percent = '0'] = /^some avg10=([0-9.]+) /m.exec(textOf(join(proc, 'pressure', resource))) ?? [];
    return Number(percent);
  };
  const [, running = '1'] = /^\S+ \S+ \S+ (\d+)\//.exec(textOf(join(proc, 'loadavg'))) ?? [];
  const others = Number(running) - 1; // this thread runs while it reads
  return {
    isBusy: others >= cpus || waited('cpu') >= busyPercent || waited('io') >= busyPercent,
    isMemoryTight: waited('memory') >= tightPercent,
    isOnBattery: isOnBattery(join(sys, 'class/power_supply')),
  };
}

/** A battery is discharging and no mains supply is connected; sysfs-class-power of the kernel's ABI documentation. */
function isOnBattery(directory: string): boolean {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return false;
  }
  const supplies = names.map((name) => {
    const value = (file: string): string => textOf(join(directory, name, file)).trim();
    return { type: value('type'), scope: value('scope'), status: value('status'), online: value('online') };
  });
  if (supplies.some(({ type, online }) => type !== 'Battery' && online === '1')) return false;
  // Scope "Device" is the battery of a mouse.
  return supplies.some(({ type, scope, status }) => type === 'Battery' && scope !== 'Device' && status === 'Discharging');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
