import { parseJsonObject, textAt } from '../shared/json.ts';

export interface Cloud {
  readonly cloud: string;
  readonly cloudInstance: string;
  readonly cloudRegion: string;
  readonly cloudZone: string;
}

/** What cloud-init found out, of the standardised keys of its instance-data.json; all empty where that is not there. */
export function parseInstanceData(text: string): Cloud {
  const data = parseJsonObject(text);
  const known = (name: string): string => {
    const value = textAt(data, 'v1', name);
    // Keys that may hold secrets are replaced by a text like this.
    return value === 'unknown' || value.startsWith('redacted') ? '' : value.slice(0, 256);
  };
  return {
    cloud: known('cloud_name'),
    cloudInstance: known('instance_id'),
    cloudRegion: known('region'),
    cloudZone: known('availability_zone'),
  };
}

/** Vendors of virtual machines whose firmware names the provider. */
const vendors: readonly (readonly [start: string, cloud: string])[] = [
  ['Amazon EC2', 'aws'],
  ['Google', 'gcp'],
  ['DigitalOcean', 'digitalocean'],
  ['Hetzner', 'hetzner'],
  ['Alibaba Cloud', 'alibaba'],
  ['OpenStack', 'openstack'],
  ['Scaleway', 'scaleway'],
  ['Vultr', 'vultr'],
  ['OVHcloud', 'ovh'],
  ['Akamai', 'linode'],
];
/** Set by Azure on every virtual machine; Hyper-V elsewhere has the same vendor. */
const azureAssetTag = '7783-7084-3265-9085-8269-3286-77';

/** The provider by what the firmware says; empty where it says none. */
export function cloudOfFirmware(vendor: string, assetTag: string): string {
  if (assetTag === azureAssetTag) return 'azure';
  return vendors.find(([start]) => vendor.startsWith(start))?.[1] ?? '';
}

// SMBIOS reference specification, 7.4.1.
const chassisTypes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    3: 'desktop',
    4: 'desktop',
    6: 'desktop',
    7: 'desktop',
    13: 'desktop',
    8: 'laptop',
    9: 'laptop',
    10: 'laptop',
    14: 'laptop',
    31: 'laptop',
    32: 'laptop',
    17: 'server',
    23: 'server',
    25: 'server',
    28: 'server',
    29: 'server',
    30: 'tablet',
    33: 'embedded',
    34: 'embedded',
    35: 'desktop',
  }),
);

export function chassisOf(type: string): string {
  return chassisTypes.get(type) ?? '';
}

/** Content of the SecureBoot variable: four bytes of attributes, then 0 or 1 (UEFI 3.3). */
export function secureBootOf(variable: Uint8Array | null): 'on' | 'off' | 'unknown' {
  if (variable?.length !== 5) return 'unknown';
  return variable[4] === 1 ? 'on' : 'off';
}

/** Revision of the microcode in proc_cpuinfo(5); empty where the processor states none. */
export function parseMicrocode(cpuInfo: string): string {
  return /^microcode[ \t]{0,8}:[ \t]{0,8}(0x[0-9a-f]{1,16})$/m.exec(cpuInfo)?.[1] ?? '';
}
