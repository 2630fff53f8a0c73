export interface WatchOptions {
  /** Told once per path that cannot be watched by events and is looked at every 30 seconds instead. */
  readonly onFallback?: (path: string) => void;
}

export interface PathWatch {
  /** Paths that are polled because the system refused events for them. */
  readonly polled: readonly string[];
  close(): void;
}

export function watchPaths(paths: readonly string[], onChange: (path: string) => void, options: WatchOptions = {}): PathWatch {
  void [paths, onChange, options];
  return { polled: [], close: () => undefined };
}
