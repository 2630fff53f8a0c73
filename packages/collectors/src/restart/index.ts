import { restartFact } from '@vedette/protocol';
import { defineCollector, type CollectorProblem, type RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { installedKernels, runningKernel } from '../shared/kernel-files.ts';
import { processIds } from '../shared/process-ids.ts';
import { newerKernel } from './kernel-release.ts';
import { deletedExecutables, executablePath, parsePackageList } from './parse.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';

type Restart = RowOf<typeof restartFact>;

// A JVM with thousands of libraries stays below; more is refused for that one process.
const maxMapsBytes = 4 * 1024 * 1024;
const flagLimit = { maxBytes: 256 * 1024 };

export const restart = defineCollector({
  fact: restartFact,
  describes: 'What waits for a restart of the system or of single processes.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: ['/run/reboot-required', '/run/reboot-required.pkgs', '/boot', '/lib/modules', '/proc/*/maps', '/proc/*/exe'],
    maxBytes: maxMapsBytes,
  },
  essential: ['/proc', '/boot', '/lib/modules'],
  watches: ['/run/reboot-required', '/boot', '/lib/modules', '/var/lib/dpkg/status'],
  settlesWith: packageManagerLocks,
  // Processes end and start without a file event.
  refreshSeconds: 900,
  async rows(host) {
    const { ids, problems } = processIds(host);
    return { rows: [...flagRows(host), ...kernelRows(host), ...(await processRows(host, ids))], problems } satisfies {
      rows: Restart[];
      problems: CollectorProblem[];
    };
  },
});

/** The flag of Debian's and Ubuntu's maintainer scripts; /var/run is the same directory on older systems or none. */
function flagRows(host: Host): Restart[] {
  const flag = ['/run/reboot-required', '/var/run/reboot-required'].find((path) => host.stat(path) !== null);
  if (flag === undefined) return [];
  const detail = parsePackageList(host.readText(`${flag}.pkgs`, flagLimit) ?? '');
  return [{ kind: 'flag', subject: flag, detail, processes: 0 }];
}

function kernelRows(host: Host): Restart[] {
  const running = runningKernel(host);
  const newest = newerKernel(installedKernels(host), running);
  return newest === null ? [] : [{ kind: 'kernel', subject: newest, detail: [running], processes: 0 }];
}

async function processRows(host: Host, ids: readonly number[]): Promise<Restart[]> {
  const byExecutable = new Map<string, { libraries: Set<string>; processes: number }>();
  for (const id of ids) {
    await host.breathe();
    const libraries = deletedExecutables(host.readText(`/proc/${id}/maps`, { maxBytes: maxMapsBytes }) ?? '');
    if (libraries.length === 0) continue;
    const executable = executablePath(host.readLink(`/proc/${id}/exe`) ?? '');
    const group = byExecutable.get(executable) ?? { libraries: new Set<string>(), processes: 0 };
    for (const library of libraries) group.libraries.add(library);
    byExecutable.set(executable, { libraries: group.libraries, processes: group.processes + 1 });
  }
  return [...byExecutable].map(([subject, { libraries, processes }]) => {
    return { kind: 'process', subject, detail: [...libraries].toSorted(), processes };
  });
}
