import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { mount } from './index.ts';
import { parseMounts } from './parse.ts';

const line = (at: string, options: string, rest: string): string => `36 35 98:0 / ${at} ${options} shared:1 - ${rest}\n`;

describe('parseMounts', () => {
  it('joins the options of mount and file system', () => {
    expect(parseMounts(line('/tmp', 'rw,nosuid,nodev', 'tmpfs tmpfs rw,size=1024k,mode=1777'))).toEqual([
      { mount: '/tmp', source: 'tmpfs', type: 'tmpfs', options: ['mode=1777', 'nodev', 'nosuid', 'rw', 'size=1024k'] },
    ]);
  });

  it.each([
    ['a password', line('/mnt', 'rw', 'cifs //srv/x rw,username=u,password=hunter2,credentials=/root/c,vers=3.0')],
    ['a password in the source', line('/mnt', 'rw', 'fuse https://u:hunter2@host/x rw')],
    ['a password in the source without scheme', line('/mnt', 'rw', 'fuse.sshfs u:hunter2@host:/ rw')],
    ['a token as an unknown option', line('/mnt', 'rw', 'fuse x rw,token=hunter2')],
  ])('never shows %s', (_, text) => {
    expect(parseMounts(text)).toHaveLength(1);
    expect(JSON.stringify(parseMounts(text))).not.toContain('hunter2');
  });

  it('leaves the mounts of containers out, and takes the later of two at one place', () => {
    const text =
      line('/var/lib/docker/overlay2/x/merged', 'rw', 'overlay overlay rw') +
      line('/a', 'rw', 'ext4 x rw') +
      line('/a', 'ro', 'xfs y rw');
    expect(parseMounts(text)).toMatchObject([{ mount: '/a', type: 'xfs' }]);
  });

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parseMounts(text).every(({ mount: at }) => at.startsWith('/'))).toBe(true);
    };
    fc.assert(fc.property(hostileText('36 35 98:0 / /a rw - ext4 x rw\n', ' - '), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('mount collector', () => {
  it('fails when the table cannot be read', async () => {
    expect(await runCollector(mount, fakeHost({ '/proc/self/mountinfo': { error: 'IO' } }))).toMatchObject({ status: 'failed' });
  });
});
