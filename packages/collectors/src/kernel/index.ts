import { kernelFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { installedKernels, runningKernel } from '../shared/kernel-files.ts';
import { bannerOfProcVersion, packageVersionOfBanner } from './parse.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';

const limit = { maxBytes: 16 * 1024 };

export const kernel = defineCollector({
  fact: kernelFact,
  describes: 'The running kernel and the installed ones; in a container usually none is installed.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: ['/proc/sys/kernel/osrelease', '/proc/sys/kernel/version', '/proc/version', '/boot', '/lib/modules'],
    maxBytes: limit.maxBytes,
  },
  essential: ['/boot', '/lib/modules'],
  watches: ['/boot', '/lib/modules'],
  settlesWith: packageManagerLocks,
  refreshSeconds: null,
  async rows(host) {
    const running = runningKernel(host);
    const banner =
      host.readText('/proc/sys/kernel/version', limit)?.trim() ??
      bannerOfProcVersion(host.readText('/proc/version', limit) ?? '');
    const others = installedKernels(host).filter((release) => release !== running);
    return {
      rows: [
        ...(running === '' ? [] : [{ release: running, running: true, version: packageVersionOfBanner(banner), banner }]),
        ...others.map((release) => ({ release, running: false, version: '', banner: '' })),
      ],
    };
  },
});
