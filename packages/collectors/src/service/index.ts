import { serviceFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { controlGroups, systemdServices } from './systemd.ts';
import { sysvServices } from './sysv.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';

export const service = defineCollector({
  fact: serviceFact,
  describes: 'Services by the files of the service manager; whether they run, by their control groups.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [
      '/etc/systemd/system/**',
      '/run/systemd/**',
      '/usr/lib/systemd/system/*',
      '/sys/fs/cgroup/**',
      '/etc/init.d',
      '/etc/rc2.d',
    ],
    maxBytes: 256 * 1024,
  },
  essential: ['/etc/systemd/system', '/usr/lib/systemd/system', '/etc/init.d'],
  watches: [
    '/etc/systemd/system/**',
    '/run/systemd/system/**',
    '/usr/lib/systemd/system',
    // The group of a service comes and goes with its processes.
    ...controlGroups.map((directory) => `${directory}/system.slice` as const),
    '/etc/init.d',
    '/etc/rcS.d',
    '/etc/rc2.d',
  ],
  settlesWith: packageManagerLocks,
  // A service below another slice starts and ends unseen.
  refreshSeconds: 900,
  async rows(host) {
    // sd_booted(3): this directory exists exactly when systemd is the service manager.
    const isSystemd = host.listDirectory('/run/systemd/system') !== null;
    return { rows: isSystemd ? systemdServices(host) : sysvServices(host) };
  },
});
