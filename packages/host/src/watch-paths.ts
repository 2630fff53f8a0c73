import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openFanotify, openInotify, type DirectoryEventHandlers, type DirectoryEvents } from '@vedette/native';

/** How a change comes to be known, best first. */
export type PathWatchWay = 'fanotify' | 'inotify' | 'polling';

const pollMs = 10_000;
/** Directories below one `/**`, and how deep: enough for units, and a bound for a tree that somebody else fills. */
const maxDirectories = 512;
const maxDepth = 6;

export interface PathWatchOptions {
  /** Everything may have changed: the kernel's queue was full. */
  readonly onOverflow: () => void;
  /** For tests: how often to look, and what gives events, best first. */
  readonly pollMs?: number;
  readonly sources?: readonly EventSource[];
}

/** A way of being told, and how to open it; null where the system refuses it. */
export interface EventSource {
  readonly way: Exclude<PathWatchWay, 'polling'>;
  readonly open: (handlers: DirectoryEventHandlers) => DirectoryEvents | null;
}

export const eventSources: readonly EventSource[] = [
  { way: 'fanotify', open: openFanotify },
  { way: 'inotify', open: openInotify },
];

export interface PathWatch {
  /** For each path the worst way that one of its directories needs. */
  ways(): ReadonlyMap<string, PathWatchWay>;
  /** Looks at the tree anew: file systems were mounted or unmounted. */
  rearm(): void;
  close(): void;
}

/**
 * Calls `onChange` with one of `paths` whenever that file, an entry of that directory, or with `/**` at its end anything below, may have
 * changed. Several events of one change are several calls. Directories are watched, not files, so a file may be replaced by rename
 * (as dpkg does), deleted and made again, or not exist yet. Each directory is watched in the best way that the system grants for it.
 * Keeps no process alive.
 */
export function watchPaths<Path extends string>(
  paths: readonly Path[],
  onChange: (path: Path) => void,
  options: PathWatchOptions,
): PathWatch {
  /** As the tree was when watching began; an event may tell that it is another by now. */
  let armed = new Map<string, Target<Path>[]>();
  const ways = new Map<string, PathWatchWay>();
  const polled = new Map<Path, string>();
  let isClosed = false;
  let isArmingDue = false;

  const onEvent = (directory: string, name: string | null): void => {
    if (isClosed) return;
    const changed = (armed.get(directory) ?? []).filter((target) => concerns(target, name));
    // What is told by the directory above may be another directory of the same name by now, and needs a new watch.
    const child = name === null ? directory : join(directory, name);
    if (ways.has(child)) unwatch(child);
    // Once for all events that were read together.
    if (changed.length > 0 && !isArmingDue) queueMicrotask(arm);
    isArmingDue ||= changed.length > 0;
    for (const path of new Set(changed.map((target) => target.path))) onChange(path);
  };
  const onOverflow = (): void => {
    if (isClosed) return;
    rearm();
    options.onOverflow();
  };
  const sources = (options.sources ?? eventSources).flatMap(({ way, open }) => {
    const events = open({ onEvent, onOverflow });
    return events === null ? [] : [{ way, events }];
  });
  const unwatch = (directory: string): void => {
    for (const { events } of sources) events.remove(directory);
    ways.delete(directory);
  };
  const watch = (directory: string): void => {
    const source = sources.find(({ events }) => events.add(directory));
    ways.set(directory, source?.way ?? 'polling');
  };
  const arm = (): void => {
    isArmingDue = false;
    if (isClosed) return;
    armed = Map.groupBy(paths.flatMap(targets), ({ directory }) => directory);
    for (const directory of ways.keys()) if (!armed.has(directory)) unwatch(directory);
    for (const directory of armed.keys()) if (!ways.has(directory)) watch(directory);
    for (const path of paths) {
      if (wayOf(path) !== 'polling') polled.delete(path);
      else if (!polled.has(path)) polled.set(path, fingerprint(path));
    }
  };
  const rearm = (): void => {
    for (const directory of ways.keys()) unwatch(directory);
    arm();
  };
  const wayOf = (path: Path): PathWatchWay => {
    const own = [...armed].flatMap(([directory, all]) =>
      all.some((target) => target.path === path) ? [ways.get(directory)] : [],
    );
    return own.includes('polling') ? 'polling' : own.includes('inotify') ? 'inotify' : 'fanotify';
  };

  arm();
  const timer = setInterval(() => {
    for (const [path, before] of polled) {
      const now = fingerprint(path);
      if (now === before) continue;
      polled.set(path, now);
      arm();
      onChange(path);
    }
  }, options.pollMs ?? pollMs).unref();
  return {
    ways: () => new Map(paths.map((path) => [path, wayOf(path)])),
    rearm,
    close: () => {
      isClosed = true;
      clearInterval(timer);
      for (const { events } of sources) events.close();
    },
  };
}

interface Target<Path extends string> {
  readonly path: Path;
  readonly directory: string;
  /** The entry that matters; null for all of them. */
  readonly name: string | null;
}

function concerns(target: Target<string>, name: string | null): boolean {
  return target.name === null || name === null || target.name === name;
}

/** Where events about `path` arise: in it if it is a directory, and in the nearest directory above that exists. */
function targets<Path extends string>(path: Path): Target<Path>[] {
  const isTree = path.endsWith('/**');
  const top = isTree ? path.slice(0, -3) : path;
  const directories = !isDirectory(top) ? [] : isTree ? directoriesBelow(top) : [top];
  let entry = top;
  while (entry !== '/' && !isDirectory(dirname(entry))) entry = dirname(entry);
  return [
    ...directories.map((directory) => ({ path, directory, name: null })),
    { path, directory: dirname(entry), name: basename(entry) },
  ];
}

/** `top` and what lies below it; symbolic links are not followed. */
function directoriesBelow(top: string): string[] {
  const found = [top];
  let level = [top];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    level = level.flatMap(subdirectories).slice(0, maxDirectories - found.length);
    found.push(...level);
  }
  return found;
}

function subdirectories(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  } catch {
    return []; // Gone meanwhile, or not ours to read.
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Differs when the file is another one or was written, or an entry of the directory was; of a tree only the top is looked at. */
function fingerprint(path: string): string {
  const top = path.replace(/\/\*\*$/, '');
  const names = isDirectory(top) ? subdirectoriesAndFiles(top) : [];
  return [top, ...names].map(statusText).join('\n');
}

function subdirectoriesAndFiles(directory: string): string[] {
  try {
    const names = readdirSync(directory).toSorted().slice(0, maxDirectories);
    return names.map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function statusText(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.dev} ${stats.ino} ${stats.size} ${stats.ctimeNs}`;
  } catch {
    return 'unreadable';
  }
}
