import type { FactName } from '@vedette/protocol';

/** What each collector is about, as the page of an asset calls it. */
const titles: Readonly<Record<FactName, string>> = {
  os: 'Operating system',
  kernel: 'Kernels',
  restart: 'What waits for a restart',
  hardware: 'Hardware',
  firmware: 'Firmware and cloud',
  posture: 'Posture',
  dpkg: 'Debian packages',
  rpm: 'RPM packages',
  apk: 'Alpine packages',
  'app-bundle': 'Snaps and flatpaks',
  container: 'Containers',
  'network-interface': 'Network',
  'listening-socket': 'Ports',
  service: 'Services',
  user: 'Users',
  'file-system': 'File systems',
  mount: 'Mounts',
  certificate: 'Certificates',
  'scheduled-task': 'Schedule',
  'kernel-module': 'Kernel modules',
  'loaded-library': 'Loaded libraries',
  'ssh-host-key': 'SSH host keys',
};

/** Of one that this console does not know yet, its name. */
export function factTitle(collector: string): string {
  return Object.hasOwn(titles, collector) ? titles[collector as FactName] : collector; // seen to be one
}
