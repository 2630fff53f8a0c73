import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { service } from './index.ts';
import { isServiceName, parseUnitFile, startedScript, templateOf } from './parse.ts';

describe('parseUnitFile', () => {
  it.each([
    ['[Install]\nWantedBy=multi-user.target', { canBeEnabled: true, isOneShot: false, hasOwnSlice: false }],
    ['[Unit]\nWantedBy=x', { canBeEnabled: false, isOneShot: false, hasOwnSlice: false }],
    ['[Install]\n#WantedBy=x\nWantedBy=', { canBeEnabled: false, isOneShot: false, hasOwnSlice: false }],
    ['[Service]\nType = oneshot\nSlice=x.slice', { canBeEnabled: false, isOneShot: true, hasOwnSlice: true }],
  ])('reads %j', (text, expected) => expect(parseUnitFile(text)).toEqual(expected));

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(Object.keys(parseUnitFile(text))).toHaveLength(3);
    };
    fc.assert(fc.property(hostileText('WantedBy=', 'Type='), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('names', () => {
  it.each([
    ['ssh.service', true],
    ['getty@tty1.service', true],
    ['getty@.service', false],
    ['.service', false],
    ['ssh.socket', false],
  ])('%s names a service: %s', (name, expected) => expect(isServiceName(name)).toBe(expected));

  it.each([
    ['getty@tty1.service', 'getty@.service'],
    ['ssh.service', null],
  ])('template of %s is %s', (name, expected) => expect(templateOf(name)).toBe(expected));

  it.each([
    ['S01ssh', 'ssh'],
    ['K01ssh', null],
    ['README', null],
  ])('link %s starts %s', (link, expected) => expect(startedScript(link)).toBe(expected));
});

describe('service collector', () => {
  const unit = '[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n';

  it('tells enabled, disabled, static and masked units and the running ones apart', async () => {
    const host = fakeHost({
      '/run/systemd/system/x': '',
      '/usr/lib/systemd/system/ssh.service': unit,
      '/etc/systemd/system/sshd.service': { link: '/usr/lib/systemd/system/ssh.service' },
      '/etc/systemd/system/multi-user.target.wants/ssh.service': { link: '/usr/lib/systemd/system/ssh.service' },
      '/usr/lib/systemd/system/cups.service': unit,
      '/usr/lib/systemd/system/dbus.service': '[Service]\nExecStart=/bin/x\n',
      '/usr/lib/systemd/system/once.service': '[Service]\nType=oneshot\n',
      '/etc/systemd/system/evil.service': { link: '/dev/null' },
      '/usr/lib/systemd/system/evil.service': unit,
      '/usr/lib/systemd/system/getty@.service': unit,
      '/etc/systemd/system/getty.target.wants/getty@tty1.service': { link: '/usr/lib/systemd/system/getty@.service' },
      '/sys/fs/cgroup/system.slice/ssh.service/cgroup.events': 'populated 1\nfrozen 0\n',
      '/sys/fs/cgroup/system.slice/dbus.service/cgroup.events': 'populated 0\nfrozen 0\n',
      '/sys/fs/cgroup/system.slice/system-getty.slice/getty@tty1.service/cgroup.events': 'populated 1\n',
    });
    const run = await runCollector(service, host);
    expect(run.rows.map((row) => [row['name'], row['enabled'], row['active']])).toEqual([
      ['cups.service', 'disabled', 'inactive'],
      ['dbus.service', 'static', 'inactive'],
      ['evil.service', 'masked', 'inactive'],
      ['getty@tty1.service', 'enabled', 'active'],
      ['once.service', 'static', 'unknown'],
      ['ssh.service', 'enabled', 'active'],
    ]);
  });

  it('reads scripts where systemd is not the service manager', async () => {
    const host = fakeHost({ '/etc/init.d/ssh': '', '/etc/init.d/cron': '', '/etc/init.d/README': '', '/etc/rc2.d/S01ssh': '' });
    expect((await runCollector(service, host)).rows).toEqual([
      { name: 'cron', manager: 'sysv', enabled: 'disabled', active: 'unknown' },
      { name: 'ssh', manager: 'sysv', enabled: 'enabled', active: 'unknown' },
    ]);
  });
});
