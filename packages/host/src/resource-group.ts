import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The hard stop above the agent's own budget, for it and all its children. */
export interface ResourceLimits {
  /** Percent of one CPU. */
  readonly cpuPercent: number;
  /** The kernel takes memory back above this, and ends the agent at twice as much. */
  readonly memoryBytes: number;
}

export interface ResourceGroup extends Disposable {
  /** `service`: the service manager has set limits already. `none`: nothing but the agent's own budget holds it. */
  readonly way: 'cgroup-v2' | 'cgroup-v1' | 'service' | 'none';
  /** What was set, or why nothing could be. */
  readonly detail: string;
  /** Sets other limits, where this process has a group of its own. Never throws: `detail` says what holds. */
  readonly limit: (limits: ResourceLimits) => void;
}

const periodMicroseconds = 100_000;
const groupPrefix = 'vedette-agent-';

interface Surroundings {
  readonly proc?: string;
  readonly isSystemd?: boolean;
  /** Of the group; process ids repeat in containers. */
  readonly name?: string;
}

/**
 * Puts this process into a control group of its own with these limits (cgroups(7), versions 2 and 1). Where systemd runs, its tree is its
 * own: then the unit sets the limits, and this only says whether it did. Never throws.
 * To dispose of it leaves the group and removes it.
 */
export function joinResourceGroup(limits: ResourceLimits, surroundings: Surroundings = {}): ResourceGroup {
  const { proc = '/proc', isSystemd = exists('/run/systemd/system'), name = randomUUID() } = surroundings;
  try {
    const groups = ownGroups(proc);
    if (groups.length === 0) return none('no control groups');
    const limited = groups.find(hasCpuLimit);
    if (limited) return { ...none(`limited by ${limited.directory}`), way: 'service' };
    if (isSystemd) return none('systemd owns the control groups; start the agent as its unit for a hard limit');
    const unified = groups.find(({ version, directory }) => version === 2 && canLimitCpu(directory));
    if (unified) return joinUnified(unified.directory, limits, name);
    const own = groups.filter(({ version }) => version === 1);
    return own.length > 0 ? joinLegacy(own, limits, name) : none('no cpu controller');
  } catch (error) {
    return none((error as Error).message.slice(0, 200));
  }
}

interface OwnGroup {
  readonly version: 1 | 2;
  /** Of version 1. */
  readonly controllers: readonly string[];
  readonly directory: string;
}

/** Where this process stands in each hierarchy, from proc_pid_cgroup(5) and proc_pid_mountinfo(5). */
function ownGroups(proc: string): OwnGroup[] {
  const mounts = textOf(join(proc, 'self/mountinfo')).split('\n').flatMap(parseMount);
  return textOf(join(proc, 'self/cgroup'))
    .split('\n')
    .flatMap((line): OwnGroup[] => {
      const [, id = '', names = '', path = ''] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
      if (path === '') return [];
      const controllers = names.split(',').filter((name) => name !== '' && !name.startsWith('name='));
      const isUnified = id === '0' && names === '';
      const mount = mounts.find(({ type, options }) =>
        isUnified ? type === 'cgroup2' : type === 'cgroup' && controllers.some((name) => options.includes(name)),
      );
      if (!mount || (!isUnified && controllers.length === 0)) return [];
      const below = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : '/';
      return [{ version: isUnified ? 2 : 1, controllers, directory: join(mount.point, below) }];
    });
}

function parseMount(line: string): { root: string; point: string; type: string; options: readonly string[] }[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = before.split(' ');
  const [type = '', , options = ''] = after.split(' ');
  return type.startsWith('cgroup') ? [{ root, point, type, options: options.split(',') }] : [];
}

function hasCpuLimit({ version, controllers, directory }: OwnGroup): boolean {
  if (version === 2) return /^\d/.test(textOf(join(directory, 'cpu.max')));
  return controllers.includes('cpu') && /^[1-9]/.test(textOf(join(directory, 'cpu.cfs_quota_us')));
}

function canLimitCpu(directory: string): boolean {
  return textOf(join(directory, 'cgroup.controllers')).trim().split(' ').includes('cpu');
}

/** Version 2 lets a group with limited children hold no process, so all of ours move into the child first. */
function joinUnified(directory: string, limits: ResourceLimits, name: string): ResourceGroup {
  const group = makeGroup(directory, name);
  writeFileSync(join(group, 'cgroup.procs'), '0');
  try {
    writeFileSync(join(directory, 'cgroup.subtree_control'), '+cpu +memory');
    limitUnified(group, limits);
  } catch (error) {
    // EBUSY: others share our group, which is therefore not ours to limit.
    leave(group);
    throw error;
  }
  return new JoinedGroup('cgroup-v2', limits, {
    write: (next) => limitUnified(group, next),
    leave: () => leave(group),
    describe,
  });
}

function limitUnified(group: string, limits: ResourceLimits): void {
  writeFileSync(join(group, 'cpu.max'), `${quota(limits)} ${periodMicroseconds}`);
  writeFileSync(join(group, 'memory.high'), String(limits.memoryBytes));
  writeFileSync(join(group, 'memory.max'), String(2 * limits.memoryBytes));
}

function joinLegacy(groups: readonly OwnGroup[], limits: ResourceLimits, name: string): ResourceGroup {
  const set: string[] = [];
  const joined: LegacyGroup[] = [];
  for (const { controllers, directory } of groups) {
    const wanted = controllers.filter((name) => name === 'cpu' || name === 'memory');
    if (wanted.length === 0) continue;
    const group = { directory: makeGroup(directory, name), controllers: wanted };
    limitLegacy(group, limits);
    writeFileSync(join(group.directory, 'cgroup.procs'), '0');
    joined.push(group);
    set.push(...wanted);
  }
  if (set.length === 0) return none('neither cpu nor memory controller');
  return new JoinedGroup('cgroup-v1', limits, {
    write: (next) => joined.forEach((group) => limitLegacy(group, next)),
    leave: () => joined.forEach(({ directory }) => leave(directory)),
    describe: (next) => `${describe(next)} (${set.join(', ')})`,
  });
}

interface LegacyGroup {
  readonly directory: string;
  readonly controllers: readonly string[];
}

function limitLegacy({ directory, controllers }: LegacyGroup, limits: ResourceLimits): void {
  const write = (file: string, value: number): void => writeFileSync(join(directory, file), String(value));
  if (controllers.includes('cpu')) {
    write('cpu.cfs_period_us', periodMicroseconds);
    write('cpu.cfs_quota_us', quota(limits));
  }
  // Not the soft limit: the kernel complains of it in its log.
  if (controllers.includes('memory')) write('memory.limit_in_bytes', 2 * limits.memoryBytes);
}

interface GroupParts {
  readonly write: (limits: ResourceLimits) => void;
  readonly leave: () => void;
  readonly describe: (limits: ResourceLimits) => string;
}

class JoinedGroup implements ResourceGroup {
  readonly way: ResourceGroup['way'];
  readonly #parts: GroupParts;
  #limits: ResourceLimits;
  #problem = '';

  constructor(way: ResourceGroup['way'], limits: ResourceLimits, parts: GroupParts) {
    this.way = way;
    this.#parts = parts;
    this.#limits = limits;
  }

  get detail(): string {
    return this.#parts.describe(this.#limits) + this.#problem;
  }

  limit(limits: ResourceLimits): void {
    try {
      this.#parts.write(limits);
      this.#limits = limits;
      this.#problem = '';
    } catch (error) {
      // EBUSY: more memory is in use than the new limit would let it have.
      this.#problem = `; other limits were refused: ${(error as Error).message.slice(0, 200)}`;
    }
  }

  [Symbol.dispose](): void {
    this.#parts.leave();
  }
}

function none(detail: string): ResourceGroup {
  return { way: 'none', detail, limit: () => undefined, [Symbol.dispose]: () => undefined };
}

function leave(group: string): void {
  try {
    writeFileSync(join(group, '../cgroup.procs'), '0');
    rmdirSync(group);
  } catch {
    // A child still runs in it: the next agent removes it.
  }
}

/** A fresh group; those that ended agents left behind go away, which the kernel refuses for any that is in use. */
function makeGroup(directory: string, name: string): string {
  for (const name of readdirSync(directory).filter((each) => each.startsWith(groupPrefix))) {
    try {
      rmdirSync(join(directory, name));
    } catch {
      // In use.
    }
  }
  const group = join(directory, `${groupPrefix}${name}`);
  mkdirSync(group, { recursive: true });
  return group;
}

function quota({ cpuPercent }: ResourceLimits): number {
  return Math.round((cpuPercent / 100) * periodMicroseconds);
}

function describe({ cpuPercent, memoryBytes }: ResourceLimits): string {
  return `${cpuPercent} % of one CPU, ${Math.round(memoryBytes / 1e6)} MB`;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
