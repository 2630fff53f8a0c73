import type { CollectorProblem } from '../collector.ts';
import type { Host } from '../host.ts';

/** More processes than this are not looked at in one run. */
const maxProcesses = 4096;

/** Process ids in ascending order, at most 4096; what is left out is a problem of the run, not a silence. */
export function processIds(host: Host): { ids: number[]; problems: CollectorProblem[] } {
  const names = (host.listDirectory('/proc') ?? []).filter((name) => /^[1-9][0-9]{0,9}$/.test(name));
  const ids = names.map(Number).toSorted((a, b) => a - b);
  return { ids: ids.slice(0, maxProcesses), problems: ids.length > maxProcesses ? [{ path: '/proc', code: 'LIMIT' }] : [] };
}
