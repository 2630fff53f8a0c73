import { postureFact, postureMarks, type Probe } from '@vedette/protocol';
import { type Collector, type CollectorProblem, defineCollector, type RowOf } from '../collector.ts';
import { type Host, HostError } from '../host.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';
import type { Watch } from '../watch.ts';
import { looksPlain, readExtract, readLine, readSetting } from './content-probes.ts';
import { namesOf, type Names, readFileStatus, readHash, readWritable } from './file-probes.ts';
import { permitted, ProbeRefused, type Reading } from './places.ts';
import type { UnknownProbe } from './read-manifest.ts';
import { readSshd } from './sshd-probe.ts';
import { readParameter, readRelease, readUnit } from './system-probes.ts';

type Row = RowOf<typeof postureFact>;
type AnyProbe = Probe | UnknownProbe;

/** Rows of one run; a manifest that asks for more asks for too much. */
const maxRows = 5000;
/** Kernel parameters change without an event. */
const refreshSeconds = 600;

/**
 * What the probes of a manifest read. Files that a probe reads are watched; what it read is kept until one of them changes, so that a new
 * probe, or a changed file, makes only that probe read. What no event tells of is read in each run.
 */
export function postureCollector(probes: readonly AnyProbe[]): Collector<typeof postureFact> {
  return postureWithMemory(probes, new Map());
}

/** What a probe read last, by its text. */
export type PostureMemory = Map<string, readonly Row[]>;

/** The same with what an earlier manifest's collector read; what is not asked for any more is forgotten. */
export function postureWithMemory(probes: readonly AnyProbe[], memory: PostureMemory): Collector<typeof postureFact> {
  const byText = new Map(probes.map((probe) => [JSON.stringify(probe), probe]));
  for (const text of memory.keys()) if (!byText.has(text)) memory.delete(text);
  const watchesOf = new Map([...byText].map(([text, probe]) => [text, watchesFor(probe)]));
  const stale = new Set<string>();
  return defineCollector({
    fact: postureFact,
    describes: 'Settings, modes and states that the manifest of the platform asks for, as far as the agent allows.',
    requires: { platforms: ['linux'] },
    cost: {
      reads: ['/etc/**', '/usr/**', '/proc/sys/**', '/sys/devices/system/cpu/vulnerabilities/*'],
      maxBytes: 8 * 1024 * 1024,
    },
    watches: [...new Set([...watchesOf.values()].flat())],
    settlesWith: packageManagerLocks,
    refreshSeconds,
    seesErrors: true,
    forget: (watch) => {
      for (const [text, watches] of watchesOf) {
        if (watch !== null && !watches.includes(watch)) continue;
        memory.delete(text);
        // Also what is being read at this moment.
        stale.add(text);
      }
    },
    async rows(host) {
      const names = namesOf(host);
      const rows: Row[] = [];
      for (const [text, probe] of byText) {
        const known = memory.get(text);
        stale.delete(text);
        const read = known ?? (await readProbe(host, names, probe));
        // Others change without an event.
        if ((watchesOf.get(text)?.length ?? 0) > 0 && !stale.has(text)) memory.set(text, read);
        rows.push(...read);
      }
      return { rows: rows.slice(0, maxRows), problems: [...problemsOf(rows)] };
    },
  });
}

/** With nothing to read: what a manifest adds is for the agent to say. */
export const posture = postureCollector([]);

async function readProbe(host: Host, names: Names, probe: AnyProbe): Promise<Row[]> {
  await host.breathe();
  const row = (subject: string, value: string, where = ''): Row => ({ probe: probe.id, subject, value, where });
  try {
    if (probe.kind === 'unknown') return [row('', postureMarks.notUnderstood)];
    const { onlyIf } = probe;
    if (onlyIf !== undefined && host.stat(permitted(host, onlyIf, 'status')) === null)
      return [row('', postureMarks.notApplicable)];
    return unique(await readings(host, names, probe)).map(({ subject, value, where }) => row(subject, value, where));
  } catch (error) {
    if (error instanceof ProbeRefused) return [row('', error.mark)];
    if (error instanceof HostError)
      return [row('', error.code === 'TOO_LARGE' ? postureMarks.tooLarge : postureMarks.unreadable)];
    throw error;
  }
}

function readings(host: Host, names: Names, probe: Probe): readonly Reading[] | Promise<readonly Reading[]> {
  switch (probe.kind) {
    case 'file':
      return readFileStatus(host, names, probe);
    case 'writable':
      return readWritable(host, names, probe);
    case 'hash':
      return readHash(host, probe, looksPlain);
    case 'line':
      return readLine(host, probe);
    case 'extract':
      return readExtract(host, probe);
    case 'setting':
      return readSetting(host, probe);
    case 'sshd':
      return readSshd(host, probe);
    case 'sysctl':
      return readParameter(host, probe);
    case 'unit':
      return readUnit(host, probe);
    case 'release':
      return readRelease(host);
  }
}

/** Two interfaces, or two links, may end in one name. */
function unique(readings: readonly Reading[]): Reading[] {
  return [...new Map(readings.map((one) => [one.subject, one])).values()];
}

const problemCodes: ReadonlyMap<string, CollectorProblem['code']> = new Map([
  [postureMarks.unreadable, 'DENIED'],
  [postureMarks.tooLarge, 'TOO_LARGE'],
]);

function* problemsOf(rows: readonly Row[]): Iterable<CollectorProblem> {
  for (const { probe, subject, where, value } of rows) {
    const code = problemCodes.get(value);
    if (code !== undefined) yield { path: where || subject || probe, code };
  }
  if (rows.length > maxRows) yield { path: '', code: 'LIMIT' };
}

const unitFolders = ['/etc/systemd/system/**', '/usr/lib/systemd/system', '/lib/systemd/system', '/run/systemd/system'] as const;

/** Whose change can change what a probe reads; none where only looking tells. */
function watchesFor(probe: AnyProbe): readonly Watch[] {
  if (probe.kind === 'unknown') return [];
  const own = ownWatches(probe);
  const condition = probe.onlyIf;
  return own.length === 0 || condition === undefined ? own : [...own, watchOf(condition)];
}

function ownWatches(probe: Probe): readonly Watch[] {
  switch (probe.kind) {
    case 'file':
    case 'hash':
    case 'line':
    case 'extract':
      return isFile(probe.path) ? [watchOf(probe.path)] : [];
    case 'writable':
      return probe.directories.map(watchOf);
    case 'setting':
      return probe.files.map(watchOf);
    case 'sshd':
      return ['/etc/ssh', '/etc/ssh/sshd_config.d', '/usr/etc/ssh', '/etc/crypto-policies/back-ends'];
    case 'unit':
      return unitFolders;
    case 'release':
      return ['/etc/os-release', '/usr/lib/os-release'];
    case 'sysctl':
      return [];
  }
}

/** What the kernel makes up as it is read changes without an event. */
function isFile(path: string): boolean {
  return !/^\/(?:proc|sys)\//.test(path);
}

function watchOf(path: string): Watch {
  const plain = path.includes('*') ? path.slice(0, path.lastIndexOf('/')) : path;
  return (plain === '' ? '/' : plain) as Watch; // absolute, by the schema
}
