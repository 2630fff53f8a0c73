import { inventoryFacts } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { chassisOf, cloudOfFirmware, parseInstanceData, parseMicrocode, secureBootOf } from './parse.ts';

const limit = { maxBytes: 4 * 1024 * 1024 };
const dmi = '/sys/class/dmi/id';
const efi = '/sys/firmware/efi';
const secureBoot = `${efi}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const instanceData = '/run/cloud-init/instance-data.json';
const fields = [
  'sys_vendor',
  'bios_vendor',
  'bios_version',
  'bios_date',
  'board_vendor',
  'board_name',
  'chassis_type',
  'chassis_asset_tag',
];

export const firmware = defineCollector({
  fact: inventoryFacts.firmware,
  describes: 'Firmware, board and cloud the system runs in, without asking anybody over the network.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [...fields.map((field) => `${dmi}/${field}`), efi, secureBoot, '/proc/cpuinfo', '/sys/hypervisor/type', instanceData],
    maxBytes: limit.maxBytes,
  },
  watches: [instanceData],
  refreshSeconds: 24 * 3600,
  rows(host) {
    const value = (path: string): string => (host.readText(path, limit) ?? '').replaceAll('\0', '').trim();
    const of = (field: string): string => value(`${dmi}/${field}`);
    const isUefi = host.stat(efi) !== null;
    const cloud = parseInstanceData(host.readText(instanceData, limit) ?? '');
    const row = {
      biosVendor: of('bios_vendor'),
      biosVersion: of('bios_version'),
      biosDate: of('bios_date'),
      boot: isUefi ? ('uefi' as const) : of('bios_vendor') === '' ? ('unknown' as const) : ('bios' as const),
      secureBoot: isUefi ? secureBootOf(host.readFile(secureBoot, { maxBytes: 4096 })) : ('unknown' as const),
      board: `${of('board_vendor')} ${of('board_name')}`.trim(),
      chassis: chassisOf(of('chassis_type')),
      microcode: parseMicrocode(host.readText('/proc/cpuinfo', limit) ?? ''),
      hypervisor: value('/sys/hypervisor/type'),
      ...cloud,
      cloud: cloud.cloud || cloudOfFirmware(of('sys_vendor'), of('chassis_asset_tag')),
    };
    return Promise.resolve({ rows: [row] });
  },
});
