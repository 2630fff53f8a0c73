const deleted = ' (deleted)';

// Files that are deleted on purpose while mapped: shared memory, JIT scratch files, sockets of a run.
const ephemeral = [
  '/dev/',
  '/memfd:',
  '/SYSV',
  '/[aio]',
  '/run/',
  '/var/run/',
  '/tmp/',
  '/var/tmp/',
  '/drm',
  '/i915',
  '/anon_hugepage',
  '/proc/',
];

/**
 * Files that a process maps executable although they were deleted or replaced, from its maps (proc_pid_maps(5)), sorted and
 * without repetition: libraries and programs from before an upgrade.
 */
export function deletedExecutables(maps: string): string[] {
  // Nearly every process maps nothing deleted: one search spares the parsing.
  if (!maps.includes(deleted)) return [];
  const paths = new Set<string>();
  for (const line of maps.split('\n')) {
    if (!line.endsWith(deleted)) continue;
    const start = line.indexOf('/');
    const permissions = line.split(' ', 2)[1] ?? '';
    if (start === -1 || permissions[2] !== 'x') continue;
    const path = line.slice(start, -deleted.length);
    if (!ephemeral.some((prefix) => path.startsWith(prefix))) paths.add(path);
  }
  return [...paths].toSorted();
}

/** Packages named in reboot-required.pkgs, one a line, each once, sorted. */
export function parsePackageList(text: string): string[] {
  const names = text.split('\n').map((line) => line.trim());
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}

/** The program behind /proc/PID/exe, whether it still exists or not. */
export function executablePath(link: string): string {
  return link.endsWith(deleted) ? link.slice(0, -deleted.length) : link;
}
