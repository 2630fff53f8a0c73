import type { HostEvent, Watch } from '@vedette/collectors';
import { listenerFingerprint, watchInterfaces, watchProcFile, type DescriptorWatch } from '@vedette/native';
import { watchPaths, type EventSource, type PathWatchWay } from './watch-paths.ts';

/** `kernel`: a message of the kernel about something that is no file, as rtnetlink's. */
export type WatchWay = PathWatchWay | 'kernel';

const listenerPollMs = 5_000;
/** An event that cannot be had is reported this often instead: somebody has to look. */
const blindMs = 60_000;

export interface HostWatchOptions {
  /** Everything may have changed. */
  readonly onOverflow: () => void;
  /** For tests: without `kernel` events nobody tells but a timer. */
  readonly sources?: readonly EventSource[];
  readonly hasKernelEvents?: boolean;
  readonly pollMs?: number;
}

export interface HostWatch extends Disposable {
  /** How a change of each comes to be known at present. */
  ways(): ReadonlyMap<Watch, WatchWay>;
}

/**
 * Calls `onChange` with each of `watches` that may have changed: files by fanotify, inotify or looking, whichever is the best that the
 * system grants; links, addresses, mounts and the host name by messages of the kernel; listening sockets by asking it every five seconds.
 */
export function watchHost(watches: readonly Watch[], onChange: (watch: Watch) => void, options: HostWatchOptions): HostWatch {
  const events = watches.filter((watch): watch is HostEvent => !watch.startsWith('/'));
  const paths = watches.filter((watch): watch is Exclude<Watch, HostEvent> => watch.startsWith('/'));
  const files = watchPaths(paths, onChange, options);
  const { hasKernelEvents = true, pollMs } = options;
  const opened = events.map((event) => {
    const tell = (): void => onChange(event);
    const source = hasKernelEvents ? openers[event](tell, pollMs) : null;
    if (source !== null) return { event, way: wayOfEvent[event], close: () => source.close() };
    const timer = setInterval(tell, pollMs ?? blindMs).unref();
    return { event, way: 'polling' as const, close: () => clearInterval(timer) };
  });
  // Not only for collectors: what lies below a mount point is another tree now.
  const mounts = hasKernelEvents ? openers.mounts(() => files.rearm()) : null;
  return {
    ways: () =>
      new Map<Watch, WatchWay>([
        ...(files.ways() as Map<Watch, WatchWay>),
        ...opened.map(({ event, way }) => [event, way] as const),
      ]),
    [Symbol.dispose]: () => {
      files.close();
      mounts?.close();
      for (const { close } of opened) close();
    },
  };
}

const wayOfEvent: Record<HostEvent, WatchWay> = {
  interfaces: 'kernel',
  listeners: 'polling',
  mounts: 'kernel',
  hostname: 'kernel',
};

const openers: Record<HostEvent, (onChange: () => void, pollMs?: number) => DescriptorWatch | null> = {
  interfaces: watchInterfaces,
  listeners: pollListeners,
  mounts: (onChange) => watchProcFile('/proc/self/mountinfo', onChange),
  hostname: (onChange) => watchProcFile('/proc/sys/kernel/hostname', onChange),
};

/** The kernel tells of no listener; to ask it costs 0.3 ms. */
function pollListeners(onChange: () => void, pollMs = listenerPollMs): DescriptorWatch | null {
  let before = listenerFingerprint();
  if (before === null) return null;
  const timer = setInterval(() => {
    const now = listenerFingerprint();
    if (now === before) return;
    before = now;
    onChange();
  }, pollMs).unref();
  return { close: () => clearInterval(timer) };
}
