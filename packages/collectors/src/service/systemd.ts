import type { serviceFact } from '@vedette/protocol';
import type { RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { isServiceName, parseUnitFile, templateOf, type UnitFile } from './parse.ts';

type Service = RowOf<typeof serviceFact>;

// systemd.unit(5), "System Unit Search Path": earlier ones hide later ones.
const administrator = ['/etc/systemd/system', '/run/systemd/system'];
const generated = ['/run/systemd/generator', '/run/systemd/generator.late'];
const vendor = ['/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

// The version 2 tree, the systemd tree of version 1, and that of hybrid systems.
export const controlGroups = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'] as const;
/** Slices in slices that are looked into. */
const maxSliceDepth = 3;

/** Services of a host run by systemd, from its unit files and control groups; asks no daemon and starts no process. */
export function systemdServices(host: Host): Service[] {
  const files = unitFiles(host);
  const enabled = enabledUnits(host);
  const running = runningUnits(host);
  const isAlias = (name: string, path: string): boolean => {
    const target = host.readLink(path);
    return target !== null && target !== '/dev/null' && !target.endsWith(`/${name}`) && target !== name;
  };
  const plain = [...files].filter(([name, path]) => isServiceName(name) && !isAlias(name, path)).map(([name]) => name);
  const instances = [...enabled, ...(running ?? [])].filter((name) => isServiceName(name) && files.has(templateOf(name) ?? ''));
  return [...new Set([...plain, ...instances])].toSorted().map((name) => {
    const path = files.get(name) ?? files.get(templateOf(name) ?? '') ?? '';
    const unit = isMasked(host, path) ? null : parseUnitFile(host.readText(path, { maxBytes: 256 * 1024 }) ?? '');
    return {
      name,
      manager: 'systemd',
      enabled: enabledState(name, path, unit, enabled),
      active: activeState(name, unit, running),
    };
  });
}

/** Path of the file that defines each unit, templates included. */
function unitFiles(host: Host): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const directory of [...administrator, ...generated, ...vendor]) {
    for (const name of host.listDirectory(directory) ?? []) {
      if (name.endsWith('.service') && !files.has(name)) files.set(name, `${directory}/${name}`);
    }
  }
  return files;
}

/** Units that an administrator's links pull in; links shipped by the vendor make a unit static, not enabled. */
function enabledUnits(host: Host): ReadonlySet<string> {
  const names = new Set<string>();
  for (const directory of administrator) {
    for (const entry of host.listDirectory(directory) ?? []) {
      if (!/\.(?:wants|requires|upholds)$/.test(entry)) continue;
      for (const name of host.listDirectory(`${directory}/${entry}`) ?? []) names.add(name);
    }
  }
  return names;
}

/** systemd.unit(5): a unit linked to /dev/null, or an empty file, is masked. */
function isMasked(host: Host, path: string): boolean {
  return host.readLink(path) === '/dev/null' || host.stat(path)?.sizeBytes === 0;
}

function enabledState(name: string, path: string, unit: UnitFile | null, enabled: ReadonlySet<string>): Service['enabled'] {
  if (unit === null) return 'masked';
  if (enabled.has(name)) return 'enabled';
  if (generated.some((directory) => path.startsWith(`${directory}/`))) return 'unknown';
  return unit.canBeEnabled ? 'disabled' : 'static';
}

/**
 * A unit has a control group as long as it has a process. That a one-shot unit has none does not tell whether it did its work, nor does
 * it for a unit in a slice elsewhere; `failed` cannot be told from `inactive` this way.
 */
function activeState(name: string, unit: UnitFile | null, running: ReadonlySet<string> | null): Service['active'] {
  if (running === null) return 'unknown';
  if (running.has(name)) return 'active';
  if (unit === null) return 'inactive';
  return unit.isOneShot || unit.hasOwnSlice ? 'unknown' : 'inactive';
}

/** Units with a control group in system.slice; null when there is no such tree to look into. */
function runningUnits(host: Host): ReadonlySet<string> | null {
  const root = controlGroups.map((directory) => `${directory}/system.slice`).find((path) => host.listDirectory(path) !== null);
  if (root === undefined) return null;
  const names = new Set<string>();
  const visit = (directory: string, depth: number): void => {
    for (const entry of host.listDirectory(directory) ?? []) {
      if (entry.endsWith('.slice') && depth < maxSliceDepth) visit(`${directory}/${entry}`, depth + 1);
      else if (entry.endsWith('.service') && isPopulated(host, `${directory}/${entry}`)) names.add(entry);
    }
  };
  visit(root, 1);
  return names;
}

function isPopulated(host: Host, group: string): boolean {
  // Version 2 counts descendants too; version 1 has no such file.
  const events = host.readText(`${group}/cgroup.events`, { maxBytes: 4096 });
  if (events !== null) return /^populated 1$/m.test(events);
  return host.readText(`${group}/cgroup.procs`, { maxBytes: 1024 * 1024 }) !== '';
}
