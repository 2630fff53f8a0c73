import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const pollMs = 30_000;

export interface WatchOptions {
  /** Told once for each path that the system refuses events for, so that it is looked at every 30 seconds instead. */
  readonly onFallback?: (path: string) => void;
  /** For tests: how often to look, and what gives events. */
  readonly pollMs?: number;
  readonly watch?: typeof watch;
}

export interface PathWatch {
  /** Paths that are polled, sorted. */
  readonly polled: readonly string[];
  close(): void;
}

/**
 * Calls `onChange` with one of `paths` whenever that file, or an entry of that directory, may have changed. Several events of one change
 * are several calls. Directories are watched, not files, so a file may be replaced by rename (as dpkg does), deleted and
 * made again, or not exist yet. Keeps no process alive.
 */
export function watchPaths(paths: readonly string[], onChange: (path: string) => void, options: WatchOptions = {}): PathWatch {
  const watchers = new Map<string, FSWatcher>();
  const polled = new Map<string, string>();
  /** As the tree was when watching began; an event may tell that it is another by now. */
  let armed: readonly Target[] = [];
  let isClosed = false;

  const startPolling = (path: string): void => {
    if (isClosed || polled.has(path)) return;
    polled.set(path, fingerprint(path));
    options.onFallback?.(path);
  };
  const targetsOf = (directory: string): Target[] => armed.filter((target) => target.directory === directory);
  const onEvent = (directory: string, name: string | null): void => {
    const changed = targetsOf(directory).filter((target) => target.name === null || name === null || target.name === name);
    for (const { path } of changed) {
      // Told by the directory above: the watched directory itself may be another one of the same name by now.
      if (path !== directory) unwatch(path);
    }
    if (changed.length > 0 || !isDirectory(directory)) arm();
    for (const path of new Set(changed.map((target) => target.path))) onChange(path);
  };
  const unwatch = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  };
  const open = (directory: string): void => {
    try {
      const watcher = (options.watch ?? watch)(directory, { persistent: false }, (_, name) => onEvent(directory, name));
      watchers.set(directory, watcher);
      watcher.on('error', () => {
        unwatch(directory);
        for (const target of targetsOf(directory)) startPolling(target.path);
      });
    } catch {
      // ENOSPC: the user's inotify watches are used up; EMFILE; or a kernel without.
      for (const target of targetsOf(directory)) startPolling(target.path);
    }
  };
  const arm = (): void => {
    if (isClosed) return;
    armed = paths.flatMap(targets);
    const needed = new Set(armed.map(({ directory }) => directory));
    for (const directory of watchers.keys()) {
      if (!needed.has(directory)) unwatch(directory);
    }
    for (const directory of needed) if (!watchers.has(directory)) open(directory);
  };

  arm();
  const timer = setInterval(() => {
    for (const [path, before] of polled) {
      const now = fingerprint(path);
      polled.set(path, now);
      if (now !== before) onChange(path);
    }
  }, options.pollMs ?? pollMs).unref();
  return {
    get polled() {
      return [...polled.keys()].toSorted();
    },
    close: () => {
      isClosed = true;
      clearInterval(timer);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

interface Target {
  readonly path: string;
  readonly directory: string;
  /** The entry that matters; null for all of them. */
  readonly name: string | null;
}

/** Where events about `path` arise: in it if it is a directory, and in the nearest directory above that exists. */
function targets(path: string): Target[] {
  const inside: Target[] = isDirectory(path) ? [{ path, directory: path, name: null }] : [];
  let entry = path;
  while (entry !== '/' && !isDirectory(dirname(entry))) entry = dirname(entry);
  return [...inside, { path, directory: dirname(entry), name: basename(entry) }];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function fingerprint(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? '' : join(`${stats.dev}`, `${stats.ino}`, `${stats.size}`, `${stats.ctimeNs}`);
  } catch {
    return 'unreadable';
  }
}
