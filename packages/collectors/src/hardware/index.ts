import { hardwareFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import type { Host } from '../host.ts';
import { parseBootedAt, parseCpuInfo, parseMemoryBytes } from './parse.ts';
import { containerVariable, virtualization } from './virtualization.ts';

// Hundreds of processors make cpuinfo and stat long.
const limit = { maxBytes: 4 * 1024 * 1024 };
const dmi = '/sys/class/dmi/id';

export const hardware = defineCollector({
  fact: hardwareFact,
  describes: 'The machine or container around the system, and when it was started.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [
      `${dmi}/sys_vendor`,
      `${dmi}/product_name`,
      `${dmi}/bios_version`,
      '/proc/device-tree/model',
      '/etc/machine-id',
      '/proc/cpuinfo',
      '/proc/meminfo',
      '/proc/stat',
      '/proc/1/environ',
      '/run/systemd/container',
      '/.dockerenv',
      '/run/.containerenv',
    ],
    maxBytes: limit.maxBytes,
  },
  watches: ['/etc/machine-id'],
  // Memory and processors of a virtual machine can be changed while it runs.
  refreshSeconds: 6 * 3600,
  async rows(host) {
    const processors = parseCpuInfo(host.readText('/proc/cpuinfo', limit) ?? '');
    const vendor = value(host, `${dmi}/sys_vendor`);
    const product = value(host, `${dmi}/product_name`) || value(host, '/proc/device-tree/model');
    const machineId = value(host, '/etc/machine-id');
    const around = {
      vendor,
      product,
      hasHypervisor: processors.hasHypervisor,
      containerManager: value(host, '/run/systemd/container'),
      containerVariable: containerVariable(host.readText('/proc/1/environ', limit) ?? ''),
      hasDockerFile: host.stat('/.dockerenv') !== null,
      hasPodmanFile: host.stat('/run/.containerenv') !== null,
    };
    const row = {
      vendor,
      product,
      biosVersion: value(host, `${dmi}/bios_version`),
      cpuModel: processors.model,
      cpuCount: processors.count,
      memoryBytes: parseMemoryBytes(host.readText('/proc/meminfo', limit) ?? ''),
      virtualization: virtualization(around),
      // machine-id(5): "uninitialized" stands there before the first boot has made one.
      machineId: machineId === '' || machineId === 'uninitialized' ? '' : host.sha256(machineId),
      bootedAt: parseBootedAt(host.readText('/proc/stat', limit) ?? ''),
    };
    return { rows: [row] };
  },
});

/** A file with a single value; the device tree ends its texts with NUL. */
function value(host: Host, path: string): string {
  return (host.readText(path, limit) ?? '').replaceAll('\0', '').trim();
}
