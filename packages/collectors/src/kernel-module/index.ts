import { inventoryFacts } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { parseModules } from './parse.ts';

const limit = { maxBytes: 1024 * 1024 };

export const kernelModule = defineCollector({
  fact: inventoryFacts['kernel-module'],
  describes: 'Loaded modules of the kernel.',
  requires: { platforms: ['linux'] },
  cost: { reads: ['/proc/modules', '/sys/module/*/version'], maxBytes: limit.maxBytes },
  essential: ['/proc/modules'],
  watches: [],
  // The kernel tells nobody that a module was loaded.
  refreshSeconds: 3600,
  async rows(host) {
    const modules = parseModules(host.readText('/proc/modules', limit) ?? '');
    await host.breathe();
    return {
      rows: modules.map((module) => ({
        ...module,
        version: (host.readText(`/sys/module/${module.name}/version`, { maxBytes: 4096 }) ?? '').trim(),
      })),
    };
  },
});
