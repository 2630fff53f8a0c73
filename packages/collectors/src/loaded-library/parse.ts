const deleted = ' (deleted)';

/** A file that is executed from, and whether it was replaced on disk since it was loaded. */
export interface Loaded {
  readonly path: string;
  readonly old: boolean;
}

/** Files mapped executable in proc_pid_maps(5), each once, those of the packages of a system: below /usr, /lib, /bin, /sbin, /opt. */
export function parseLoaded(maps: string): Loaded[] {
  const found = new Map<string, Loaded>();
  for (const line of maps.split('\n')) {
    const slash = line.indexOf('/');
    // Permissions are the second word: `7f… r-xp …`.
    if (slash === -1 || !line.slice(0, slash).includes('xp ')) continue;
    const name = line.slice(slash);
    const old = name.endsWith(deleted);
    const path = old ? name.slice(0, -deleted.length) : name;
    if (/^\/(usr|lib|lib64|bin|sbin|opt)\//.test(path)) found.set(name, { path, old });
  }
  return [...found.values()];
}
