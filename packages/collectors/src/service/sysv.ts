import type { serviceFact } from '@vedette/protocol';
import type { RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { startedScript } from './parse.ts';

/** Scripts of init.d; enabled are those that the boot (rcS) or Debian's default runlevel (2) starts. */
export function sysvServices(host: Host): RowOf<typeof serviceFact>[] {
  const started = ['/etc/rcS.d', '/etc/rc2.d'].flatMap((directory) => host.listDirectory(directory) ?? []).map(startedScript);
  const enabled = new Set(started);
  const names = (host.listDirectory('/etc/init.d') ?? []).filter((name) => /^[a-zA-Z0-9]/.test(name) && name !== 'README');
  const scripts = names.filter((name) => host.stat(`/etc/init.d/${name}`)?.kind === 'file');
  return scripts.map((name) => {
    return { name, manager: 'sysv', enabled: enabled.has(name) ? 'enabled' : 'disabled', active: 'unknown' };
  });
}
