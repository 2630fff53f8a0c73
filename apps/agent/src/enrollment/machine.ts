import type { Host } from '@vedette/collectors';
import type { Machine } from '@vedette/protocol';

/** What a machine tells of itself is in its files. */
export type MachineFiles = Pick<Host, 'readText' | 'sha256'>;

/** Clock ticks a second of /proc (USER_HZ); 100 on every Linux that Node supports. */
const ticksPerSecond = 100;

/**
 * Which machine this is, and for how long it has been running: what two machines with one key differ in. The boot id is new at every
 * boot (proc_sys_kernel(5)); the start of process 1 tells containers on one kernel apart; the UUID of the hardware is not copied with a
 * disk. Null where the machine does not tell.
 */
export function readMachine(host: MachineFiles): Machine | null {
  const bootId = read(host, '/proc/sys/kernel/random/boot_id');
  const [uptime = ''] = read(host, '/proc/uptime').split(' ');
  // proc_pid_stat(5): the second field is the name in parentheses and may itself hold spaces; the start time is field 22.
  const stat = read(host, '/proc/1/stat');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const uptimeSeconds = Number(uptime) - Number(startTicks) / ticksPerSecond;
  if (bootId === '' || uptime === '' || !(uptimeSeconds >= 0)) return null;
  const hardware = read(host, '/sys/class/dmi/id/product_uuid') || read(host, '/proc/device-tree/serial-number');
  return {
    incarnation: shortHash(host, `${bootId} ${startTicks}`),
    hardware: hardware === '' ? '' : shortHash(host, hardware),
    uptimeSeconds: Math.floor(uptimeSeconds),
  };
}

/** Empty for what is not there, or only for a more privileged user. */
function read(host: MachineFiles, path: string): string {
  try {
    return (host.readText(path, { maxBytes: 4096 }) ?? '').replaceAll('\0', '').trim();
  } catch {
    return '';
  }
}

/** 132 bits, as protocol's Machine wants them. */
function shortHash(host: MachineFiles, text: string): string {
  return Buffer.from(host.sha256(text), 'hex').toString('base64url').slice(0, 22);
}
