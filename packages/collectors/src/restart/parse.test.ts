import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { restart } from './index.ts';
import { newerKernel } from './kernel-release.ts';
import { deletedExecutables, executablePath, parsePackageList } from './parse.ts';

const line = (permissions: string, path: string): string =>
  `7f1c2a000000-7f1c2a021000 ${permissions} 00002000 fe:00 260131   ${path}\n`;

describe('deletedExecutables', () => {
  it('names libraries that were replaced, once and sorted', () => {
    const maps = [
      line('r-xp', '/usr/lib/libz.so.1 (deleted)'),
      line('r-xp', '/usr/lib/libc.so.6 (deleted)'),
      line('r-xp', '/usr/lib/libc.so.6 (deleted)'),
    ];
    expect(deletedExecutables(maps.join(''))).toEqual(['/usr/lib/libc.so.6', '/usr/lib/libz.so.1']);
  });

  it.each([
    ['a library that is still there', line('r-xp', '/usr/lib/libc.so.6')],
    ['data that is not executed', line('r--p', '/usr/lib/libc.so.6 (deleted)')],
    ['shared memory', line('rwxs', '/dev/shm/x (deleted)')],
    ['a memory file', line('r-xp', '/memfd:jit (deleted)')],
    ['System V shared memory', line('rwxs', '/SYSV00000000 (deleted)')],
    ['a temporary file', line('r-xp', '/tmp/ffi123 (deleted)')],
    ['asynchronous I/O', line('rwxs', '/[aio] (deleted)')],
    ['nothing', ''],
  ])('ignores %s', (_, maps) => expect(deletedExecutables(maps)).toEqual([]));

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(deletedExecutables(text).join('').length).toBeLessThanOrEqual(text.length);
    };
    fc.assert(fc.property(hostileText(' (deleted)\n', 'r-xp', ' /usr'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('newerKernel', () => {
  it.each([
    ['6.1.0-31-amd64', ['6.1.0-31-amd64', '6.1.0-32-amd64'], '6.1.0-32-amd64'],
    ['6.1.0-9-amd64', ['6.1.0-10-amd64'], '6.1.0-10-amd64'],
    ['6.1.0-10-amd64', ['6.1.0-9-amd64'], null],
    ['6.1.0-31-amd64', ['6.12.12+bpo-amd64'], '6.12.12+bpo-amd64'],
    ['6.12.41+deb13-amd64', ['6.12.43+deb13-amd64', '6.12.48+deb13-amd64'], '6.12.48+deb13-amd64'],
    ['6.1.0-31-amd64', ['6.1.0-32-cloud-amd64'], null],
    ['5.15.0-91-generic', ['5.15.0-100-generic'], '5.15.0-100-generic'],
    ['', ['6.1.0-31-amd64'], null],
    ['6.1.0-31-amd64', [], null],
  ])('running %s with %j installed → %s', (running, installed, expected) => {
    expect(newerKernel(installed, running)).toBe(expected);
  });

  it('never answers one that is older or the running one, whatever the strings', () => {
    fc.assert(
      fc.property(fc.array(hostileText('6.1.0-', '-amd64'), { maxLength: 5 }), hostileText('6.1.0-'), (installed, running) => {
        const newest = newerKernel(installed, running);
        if (newest === null) return;
        expect(newest).not.toBe(running);
        expect(newerKernel([running], newest)).toBeNull();
      }),
    );
  });
});

describe('parsePackageList and executablePath', () => {
  it('lists packages once, sorted', () => expect(parsePackageList('libc6\n\n dbus \nlibc6\n')).toEqual(['dbus', 'libc6']));

  it.each([
    ['/usr/sbin/sshd (deleted)', '/usr/sbin/sshd'],
    ['/usr/sbin/sshd', '/usr/sbin/sshd'],
    ['', ''],
  ])('takes the program of %j', (link, path) => expect(executablePath(link)).toBe(path));
});

describe('restart collector', () => {
  const old = line('r-xp', '/usr/lib/libssl.so.3 (deleted)');

  it('groups processes by executable and reports flag and kernel', async () => {
    const host = fakeHost({
      '/run/reboot-required': '*** System restart required ***\n',
      '/run/reboot-required.pkgs': 'linux-image-amd64\n',
      '/proc/sys/kernel/osrelease': '6.1.0-31-amd64\n',
      '/boot/vmlinuz-6.1.0-32-amd64': '',
      '/proc/10/maps': old,
      '/proc/10/exe': { link: '/usr/sbin/nginx (deleted)' },
      '/proc/11/maps': old + line('r-xp', '/usr/sbin/nginx (deleted)'),
      '/proc/11/exe': { link: '/usr/sbin/nginx (deleted)' },
      '/proc/12/maps': { error: 'DENIED' },
      '/proc/13/maps': { error: 'DENIED' },
    });
    expect(await runCollector(restart, host)).toEqual({
      status: 'partial',
      rows: [
        { kind: 'flag', subject: '/run/reboot-required', detail: ['linux-image-amd64'], processes: 0 },
        { kind: 'kernel', subject: '6.1.0-32-amd64', detail: ['6.1.0-31-amd64'], processes: 0 },
        { kind: 'process', subject: '/usr/sbin/nginx', detail: ['/usr/lib/libssl.so.3', '/usr/sbin/nginx'], processes: 2 },
      ],
      problems: [{ path: '/proc/*/maps', code: 'DENIED', count: 2 }],
    });
  });
});
