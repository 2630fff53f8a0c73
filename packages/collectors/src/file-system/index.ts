import { fileSystemFact } from '@vedette/protocol';
import { defineCollector, type RowOf } from '../collector.ts';
import { parseMountInfo, usedPercent } from './parse.ts';

const limit = { maxBytes: 8 * 1024 * 1024 };

export const fileSystem = defineCollector({
  fact: fileSystemFact,
  describes: 'Mounted file systems that hold data, with size and use.',
  requires: { platforms: ['linux'] },
  cost: { reads: ['/proc/self/mountinfo'], maxBytes: limit.maxBytes },
  essential: ['/proc/self/mountinfo'],
  watches: ['mounts'],
  // No event tells how full a file system is.
  refreshSeconds: 900,
  async rows(host) {
    const rows: RowOf<typeof fileSystemFact>[] = [];
    for (const { mount, device, type } of parseMountInfo(host.readText('/proc/self/mountinfo', limit) ?? '')) {
      await host.breathe();
      // Container managers mount single files such as /etc/hosts from a disk that is not otherwise seen.
      if (host.stat(mount)?.kind !== 'directory') continue;
      const size = await host.statFileSystem(mount);
      if (size === null || !Number.isSafeInteger(size.sizeBytes)) continue;
      rows.push({ mount, device, type, sizeBytes: size.sizeBytes, usedPercent: usedPercent(size) });
    }
    return { rows };
  },
});
