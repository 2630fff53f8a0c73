import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type CollectorProblem } from '../collector.ts';
import { processIds } from '../shared/process-ids.ts';
import { type Loaded, parseLoaded } from './parse.ts';

const limit = { maxBytes: 4 * 1024 * 1024 };
const maxFiles = 5000;
const maxPrograms = 32;

export const loadedLibrary = defineCollector({
  fact: inventoryFacts['loaded-library'],
  describes: 'Libraries and programs that processes execute from.',
  requires: { platforms: ['linux'] },
  cost: { reads: ['/proc', '/proc/*/maps', '/proc/*/exe'], maxBytes: limit.maxBytes },
  essential: ['/proc'],
  watches: [],
  // What waits for a restart is the matter of another collector, which looks more often.
  refreshSeconds: 6 * 3600,
  async rows(host) {
    const { ids, problems } = processIds(host);
    const found = new Map<string, Loaded & { programs: Set<string> }>();
    for (const id of ids) {
      await host.breathe();
      const loaded = parseLoaded(host.readText(`/proc/${id}/maps`, limit) ?? '');
      const program = loaded.length === 0 ? '' : (host.readLink(`/proc/${id}/exe`) ?? '').replace(/ \(deleted\)$/, '');
      for (const one of loaded) {
        const key = `${one.old ? 'old' : 'new'} ${one.path}`;
        const entry = found.get(key) ?? { ...one, programs: new Set() };
        if (found.size < maxFiles) found.set(key, entry);
        if (program !== '') entry.programs.add(program);
      }
    }
    const rows = [...found.values()].map(({ programs, ...one }) => ({
      ...one,
      programs: [...programs].toSorted().slice(0, maxPrograms),
    }));
    const full: CollectorProblem[] = found.size < maxFiles ? [] : [{ path: '/proc', code: 'LIMIT' }];
    return { rows, problems: [...problems, ...full] };
  },
});
