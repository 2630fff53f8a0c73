import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { fileSystem } from './index.ts';
import { parseMountInfo, usedPercent } from './parse.ts';

const line = (device: string, root: string, mount: string, end = 'ext4 /dev/sda1 rw'): string =>
  `27 1 ${device} ${root} ${mount} rw,relatime shared:1 master:2 - ${end}\n`;

describe('parseMountInfo', () => {
  it('takes file systems that hold data, sorted by mount', () => {
    const text = [
      line('8:2', '/', '/srv', 'xfs /dev/sdb rw'),
      line('8:1', '/', '/'),
      line('0:5', '/', '/proc', 'proc proc rw'),
      line('0:6', '/', '/run', 'tmpfs tmpfs rw'),
      line('0:7', '/', '/var/lib/docker/overlay2/x/merged', 'overlay overlay rw'),
    ];
    expect(parseMountInfo(text.join('')).map(({ mount, type }) => [mount, type])).toEqual([
      ['/', 'ext4'],
      ['/srv', 'xfs'],
    ]);
  });

  it.each([
    ['the whole before a bind mount', [line('8:1', '/data', '/a'), line('8:1', '/', '/mnt/long')], ['/mnt/long']],
    ['the shorter of two places', [line('8:1', '/', '/mnt/long'), line('8:1', '/', '/a')], ['/a']],
    ['the later of two at one place', [line('8:1', '/', '/a'), line('8:2', '/', '/a')], ['/a']],
    ['the overlay root of a container', [line('0:9', '/', '/', 'overlay overlay rw')], ['/']],
    ['escaped names as they are', [line('8:1', '/', '/my\\040disk\\134')], ['/my disk\\']],
    ['no line without a separator', ['27 1 8:1 / / rw shared:1 ext4 /dev/sda rw\n'], []],
    ['no relative mount', [line('8:1', '/', 'data')], []],
  ])('takes %s', (_, lines, mounts) => expect(parseMountInfo(lines.join('')).map(({ mount }) => mount)).toEqual(mounts));

  it('takes any text', () => {
    const check = (text: string): void => {
      for (const { mount } of parseMountInfo(text)) expect(mount.startsWith('/')).toBe(true);
    };
    fc.assert(fc.property(hostileText(line('8:1', '/', '/'), '8:1 / /', ' - ext4 '), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('usedPercent', () => {
  it.each([
    [100, 48, 48, 50],
    [100, 0, 0, 100],
    [100, 100, 95, 0],
    [0, 0, 0, 0],
    [100, 200, 0, 0],
    [Number.NaN, 0, 0, 0],
  ])('size %d, free %d, available %d → %d', (sizeBytes, freeBytes, availableBytes, expected) => {
    expect(usedPercent({ sizeBytes, freeBytes, availableBytes })).toBe(expected);
  });
});

describe('file-system collector', () => {
  it('leaves out single files that a container manager mounted', async () => {
    const host = fakeHost(
      { '/proc/self/mountinfo': line('8:1', '/hosts', '/etc/hosts') + line('8:2', '/', '/srv'), '/etc/hosts': '', '/srv/x': '' },
      { fileSystems: { '/srv': { sizeBytes: 1000, freeBytes: 500, availableBytes: 400 } } },
    );
    const row = { mount: '/srv', device: '/dev/sda1', type: 'ext4', sizeBytes: 1000, usedPercent: 55 };
    expect(await runCollector(fileSystem, host)).toEqual({ status: 'complete', rows: [row], problems: [] });
  });
});
