import { inventoryFacts } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { parseMounts } from './parse.ts';

const limit = { maxBytes: 8 * 1024 * 1024 };

export const mount = defineCollector({
  fact: inventoryFacts.mount,
  describes: 'Every mount with its options, except those of containers.',
  requires: { platforms: ['linux'] },
  cost: { reads: ['/proc/self/mountinfo'], maxBytes: limit.maxBytes },
  essential: ['/proc/self/mountinfo'],
  watches: ['mounts'],
  refreshSeconds: null,
  rows(host) {
    return Promise.resolve({ rows: parseMounts(host.readText('/proc/self/mountinfo', limit) ?? '').map((row) => ({ ...row })) });
  },
});
