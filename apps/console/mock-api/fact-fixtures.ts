import type { FactName } from '@vedette/protocol';
import { at, packages } from './fixtures.ts';

/** Rows of every collector, the same for each asset. */
export const facts: Record<FactName, Record<string, unknown>[]> = {
  posture: [{ probe: 'sshd.permitrootlogin', subject: 'PermitRootLogin', value: 'yes', where: '/etc/ssh/sshd_config' }],
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
  rpm: [],
  apk: [],
  'app-bundle': [{ manager: 'snap', name: 'core22', version: '20240111', revision: '1122', branch: '', active: true }],
  container: [
    {
      engine: 'docker',
      id: 'f00dcafe'.repeat(8),
      name: 'web',
      image: 'nginx:1.27',
      imageId: `sha256:${'ab'.repeat(32)}`,
      state: 'running',
      privileged: false,
      networkMode: 'bridge',
      startedAt: at(30),
    },
  ],
  certificate: [
    {
      path: '/etc/nginx/ssl/web-01.pem',
      fingerprint: 'ab'.repeat(32),
      subject: 'CN=web-01.example.org',
      issuer: 'C=US, O=Example CA, CN=R3',
      serial: '04ab',
      notBefore: '2026-09-01T00:00:00Z',
      notAfter: '2026-11-30T00:00:00Z',
      keyType: 'ec',
      keyBits: 256,
      signature: 'sha256WithRSAEncryption',
      isAuthority: false,
      names: ['web-01.example.org'],
    },
  ],
  'scheduled-task': [
    {
      kind: 'cron',
      source: '/etc/cron.d/backup',
      schedule: '15 2 * * *',
      user: 'root',
      program: '/usr/local/bin/backup',
      commandHash: 'cd'.repeat(32),
    },
  ],
  mount: [{ mount: '/', source: '/dev/vda1', type: 'ext4', options: ['relatime', 'rw'] }],
  'kernel-module': [{ name: 'ext4', version: '', sizeBytes: 1_142_784, usedBy: [], taints: '' }],
  'loaded-library': [{ path: '/usr/lib/x86_64-linux-gnu/libc.so.6', old: false, programs: ['/usr/sbin/sshd'] }],
  'ssh-host-key': [
    {
      path: '/etc/ssh/ssh_host_ed25519_key.pub',
      type: 'ssh-ed25519',
      bits: 256,
      fingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
    },
  ],
  firmware: [
    {
      biosVendor: 'SeaBIOS',
      biosVersion: '1.16.2',
      biosDate: '04/01/2014',
      boot: 'bios',
      secureBoot: 'unknown',
      board: '',
      chassis: '',
      microcode: '0x1000065',
      hypervisor: '',
      cloud: '',
      cloudInstance: '',
      cloudRegion: '',
      cloudZone: '',
    },
  ],
};
