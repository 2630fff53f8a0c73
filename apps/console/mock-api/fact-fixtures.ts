import type { FactName } from '@vedette/protocol';
import { at, packages } from './fixtures.ts';

/** Rows of every collector, the same for each asset. */
export const facts: Record<FactName, Record<string, unknown>[]> = {
  os: [
    {
      id: 'debian',
      idLike: '',
      versionId: '12',
      codename: 'bookworm',
      prettyName: 'Debian GNU/Linux 12 (bookworm)',
      hostname: 'web-01',
      architecture: 'amd64',
    },
  ],
  dpkg: Array.from({ length: 180 }, (_, index) => {
    const [source, name, version] = packages[index % packages.length]!; // a remainder is a valid index
    return {
      name: `${name}${index >= packages.length ? `-${index}` : ''}`,
      version,
      architecture: 'amd64',
      source,
      sourceVersion: version,
      state: 'installed',
    };
  }),
  kernel: [
    { release: '6.1.0-18-amd64', running: true, version: '6.1.76-1', banner: '#1 SMP Debian 6.1.76-1' },
    { release: '6.1.0-25-amd64', running: false, version: '', banner: '' },
  ],
  restart: [
    { kind: 'kernel', subject: '6.1.0-25-amd64', detail: ['6.1.0-18-amd64'], processes: 0 },
    { kind: 'process', subject: '/usr/sbin/sshd', detail: ['/usr/lib/x86_64-linux-gnu/libcrypto.so.3'], processes: 2 },
  ],
  'network-interface': [
    { name: 'lo', mac: '00:00:00:00:00:00', state: 'unknown', mtu: 65536, addresses: ['127.0.0.1/8', '::1/128'] },
    { name: 'ens3', mac: '52:54:00:12:34:56', state: 'up', mtu: 1500, addresses: ['192.0.2.17/24', '2001:db8::17/64'] },
  ],
  'listening-socket': [
    { protocol: 'tcp', address: '0.0.0.0', port: 22, process: 'sshd', uid: 0 },
    { protocol: 'tcp', address: '127.0.0.1', port: 5432, process: 'postgres', uid: 114 },
    { protocol: 'udp6', address: '::', port: 5353, process: '', uid: 105 },
  ],
  service: [
    { name: 'ssh.service', manager: 'systemd', enabled: 'enabled', active: 'active' },
    { name: 'backup.service', manager: 'systemd', enabled: 'enabled', active: 'failed' },
    { name: 'bluetooth.service', manager: 'systemd', enabled: 'masked', active: 'inactive' },
  ],
  user: [
    { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash', password: 'locked', groups: [] },
    { name: 'alice', uid: 1000, gid: 1000, home: '/home/alice', shell: '/bin/bash', password: 'set', groups: ['adm', 'sudo'] },
  ],
  hardware: [
    {
      vendor: 'QEMU',
      product: 'Standard PC',
      biosVersion: '1.16',
      cpuModel: 'AMD EPYC 7B13',
      cpuCount: 2,
      memoryBytes: 25_200_000_000,
      virtualization: 'kvm',
      machineId: 'f00d',
      bootedAt: at(3),
    },
  ],
  'file-system': [
    { mount: '/', device: '/dev/vda1', type: 'ext4', sizeBytes: 53_687_091_200, usedPercent: 45 },
    { mount: '/var', device: '/dev/vda2', type: 'ext4', sizeBytes: 107_374_182_400, usedPercent: 90 },
  ],
};
