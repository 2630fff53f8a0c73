import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { kernel } from './index.ts';
import { bannerOfProcVersion, packageVersionOfBanner } from './parse.ts';

const debianBanner = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)';

describe('packageVersionOfBanner', () => {
  it.each([
    [debianBanner, '6.1.128-1'],
    ['#1 SMP PREEMPT_DYNAMIC Debian 6.12.12-1~bpo12+1 (2025-02-23)', '6.12.12-1~bpo12+1'],
    ['#51-Ubuntu SMP PREEMPT_DYNAMIC Wed Jan 1 00:00:00 UTC 2025', ''],
    ['#1 SMP PREEMPT_DYNAMIC @0', ''],
    ['', ''],
  ])('%j states %j', (banner, version) => expect(packageVersionOfBanner(banner)).toBe(version));

  it('takes any text', () => {
    fc.assert(
      fc.property(hostileText('Debian ', ' ('), (text) => {
        expect(packageVersionOfBanner(text).length).toBeLessThan(1024);
      }),
    );
    for (const text of oversizedTexts) expect(packageVersionOfBanner(text)).toBe('');
  });
});

describe('bannerOfProcVersion', () => {
  it('finds uname -v behind the compiler', () => {
    const text = `Linux version 6.1.0-31-amd64 (debian-kernel@lists.debian.org) (gcc-12 12.2.0) ${debianBanner}\n`;
    expect(bannerOfProcVersion(text)).toBe(debianBanner);
  });

  it('answers nothing where there is none', () => expect(bannerOfProcVersion('Linux')).toBe(''));
});

describe('kernel collector', () => {
  it('lists the running kernel once and the other installed ones, without leftovers of DKMS', async () => {
    const host = fakeHost({
      '/proc/sys/kernel/osrelease': '6.1.0-31-amd64\n',
      '/proc/sys/kernel/version': `${debianBanner}\n`,
      '/boot/vmlinuz-6.1.0-31-amd64': '',
      '/boot/vmlinuz-6.1.0-32-amd64': '',
      '/boot/initrd.img-6.1.0-32-amd64': '',
      '/lib/modules/6.1.0-30-amd64/kernel/fs/ext4.ko': '',
      '/lib/modules/6.1.0-29-amd64/updates/dkms/zfs.ko': '',
    });
    expect((await runCollector(kernel, host)).rows).toEqual([
      { release: '6.1.0-31-amd64', running: true, version: '6.1.128-1', banner: debianBanner },
      { release: '6.1.0-30-amd64', running: false, version: '', banner: '' },
      { release: '6.1.0-32-amd64', running: false, version: '', banner: '' },
    ]);
  });
});
