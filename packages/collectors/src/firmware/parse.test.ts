import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { firmware } from './index.ts';
import { chassisOf, cloudOfFirmware, parseInstanceData, parseMicrocode, secureBootOf } from './parse.ts';

describe('parts of the machine', () => {
  it.each([
    ['Amazon EC2', '', 'aws'],
    ['Microsoft Corporation', '7783-7084-3265-9085-8269-3286-77', 'azure'],
    ['Microsoft Corporation', '', ''],
    ['Google', '', 'gcp'],
    ['QEMU', '', ''],
  ])('vendor %s with tag %j is of cloud %j', (vendor, tag, cloud) => expect(cloudOfFirmware(vendor, tag)).toBe(cloud));

  it.each([
    ['3', 'desktop'],
    ['10', 'laptop'],
    ['23', 'server'],
    ['1', ''],
    ['constructor', ''],
  ])('chassis %s is %j', (type, expected) => expect(chassisOf(type)).toBe(expected));

  it.each([
    [Uint8Array.of(6, 0, 0, 0, 1), 'on'],
    [Uint8Array.of(6, 0, 0, 0, 0), 'off'],
    [Uint8Array.of(1), 'unknown'],
    [null, 'unknown'],
  ])('Secure Boot %j is %s', (variable, expected) => expect(secureBootOf(variable)).toBe(expected));

  it('reads the microcode', () => expect(parseMicrocode('model\t: 1\nmicrocode\t: 0xd000390\n')).toBe('0xd000390'));

  it('takes any instance data', () => {
    const check = (text: string): void => {
      expect(parseInstanceData(text).cloud.length).toBeLessThanOrEqual(256);
    };
    fc.assert(fc.property(hostileText('{"v1":{"cloud_name":"aws"}}'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('firmware collector', () => {
  it('takes the cloud from cloud-init, and no user data', async () => {
    const host = fakeHost({
      '/sys/class/dmi/id/bios_vendor': 'Amazon EC2\n',
      '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
      '/run/cloud-init/instance-data.json': JSON.stringify({
        userdata: 'hunter2',
        v1: { cloud_name: 'aws', instance_id: 'i-1', region: 'eu-central-1', availability_zone: 'eu-central-1a' },
      }),
    });
    const { rows } = await runCollector(firmware, host);
    expect(rows).toMatchObject([{ boot: 'bios', cloud: 'aws', cloudInstance: 'i-1', cloudRegion: 'eu-central-1' }]);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });

  it('is empty, not wrong, where nothing is known', async () => {
    expect(await runCollector(firmware, fakeHost({}))).toMatchObject({
      status: 'complete',
      rows: [{ boot: 'unknown', secureBoot: 'unknown', cloud: '' }],
    });
  });
});
