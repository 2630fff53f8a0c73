import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { parseCrontab, parseTimer } from './parse.ts';

type Task = RowOf<(typeof inventoryFacts)['scheduled-task']>;

const limit = { maxBytes: 256 * 1024 };
const maxNames = 500;
const periods = ['hourly', 'daily', 'weekly', 'monthly'] as const;
/** Debian and derived systems; Red Hat and derived ones. */
const spools = ['/var/spool/cron/crontabs', '/var/spool/cron'] as const;
/** Timers are enabled by links in these. */
const wants = ['/etc/systemd/system/timers.target.wants', '/usr/lib/systemd/system/timers.target.wants'] as const;
/** systemd.unit(5): the administrator's come before those of packages. */
const units = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'] as const;

export const scheduledTask = defineCollector({
  fact: inventoryFacts['scheduled-task'],
  describes: 'What runs by the clock: cron and enabled timers of systemd. Commands as program and hash only.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [
      '/etc/crontab',
      '/etc/cron.d',
      '/etc/cron.d/*',
      ...periods.map((period) => `/etc/cron.${period}`),
      ...spools.flatMap((spool) => [spool, `${spool}/*`]),
      ...wants,
      ...units.map((folder) => `${folder}/*`),
    ],
    maxBytes: limit.maxBytes,
  },
  watches: [
    '/etc/crontab',
    '/etc/cron.d',
    ...periods.map((period) => `/etc/cron.${period}` as const),
    ...spools,
    ...wants,
    '/etc/systemd/system',
  ],
  refreshSeconds: null,
  async rows(host) {
    const tables = [...cronTables(host), ...cronDirectories(host)];
    await host.breathe();
    return { rows: [...unique([...tables, ...timers(host)]).values()] };
  },
});

/** One line may stand twice in a table; that is one task. */
function unique(tasks: readonly Task[]): Map<string, Task> {
  return new Map(tasks.map((task) => [JSON.stringify(task), task]));
}

function files(host: Host, folder: string): string[] {
  // cron(8) passes over names with a dot: what editors and package managers leave behind.
  return (host.listDirectory(folder) ?? []).filter((name) => /^[A-Za-z0-9_-]{1,128}$/.test(name)).slice(0, maxNames);
}

function cronTables(host: Host): Task[] {
  const system = ['/etc/crontab', ...files(host, '/etc/cron.d').map((name) => `/etc/cron.d/${name}`)];
  const own = spools.flatMap((spool) =>
    files(host, spool).flatMap((owner) =>
      host.stat(`${spool}/${owner}`)?.kind === 'file' ? [{ path: `${spool}/${owner}`, owner }] : [],
    ),
  );
  const read = (path: string, table: Parameters<typeof parseCrontab>[1]): Task[] =>
    parseCrontab(host.readText(path, limit) ?? '', table).map(({ command, ...line }) => {
      return { kind: 'cron', source: path, ...line, commandHash: host.sha256(command) };
    });
  return [
    ...system.flatMap((path) => read(path, { hasUser: true })),
    ...own.flatMap(({ path, owner }) => read(path, { hasUser: false, owner })),
  ];
}

function cronDirectories(host: Host): Task[] {
  return periods.flatMap((period) =>
    files(host, `/etc/cron.${period}`).map((name) => {
      const source = `/etc/cron.${period}/${name}`;
      return { kind: 'cron', source, schedule: period, user: 'root', program: source, commandHash: '' } as const;
    }),
  );
}

function timers(host: Host): Task[] {
  const enabled = new Set(wants.flatMap((folder) => host.listDirectory(folder) ?? []).filter((name) => name.endsWith('.timer')));
  return [...enabled].slice(0, maxNames).flatMap((name) => {
    const source = units.map((folder) => `${folder}/${name}`).find((path) => host.stat(path)?.kind === 'file');
    if (source === undefined) return [];
    const { schedule, unit } = parseTimer(host.readText(source, limit) ?? '', name);
    return [{ kind: 'timer', source, schedule, user: '', program: unit, commandHash: '' } as const];
  });
}
