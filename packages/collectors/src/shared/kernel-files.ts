import type { Host } from '../host.ts';

/** uname -r; empty where /proc is not there. */
export function runningKernel(host: Host): string {
  return host.readText('/proc/sys/kernel/osrelease', { maxBytes: 4096 })?.trim() ?? '';
}

/**
 * Releases of the installed kernels, sorted: those with an image in /boot, and those with a module tree (images live elsewhere on
 * systems that boot by EFI stub). A module directory without `kernel/` is what DKMS leaves behind after a removal.
 */
export function installedKernels(host: Host): string[] {
  const images = (host.listDirectory('/boot') ?? []).flatMap((name) => /^vmlinu[xz]-([^/]+)$/.exec(name)?.[1] ?? []);
  const modules = (host.listDirectory('/lib/modules') ?? []).filter(
    (release) => host.stat(`/lib/modules/${release}/kernel`)?.kind === 'directory',
  );
  return [...new Set([...images, ...modules])].filter((release) => /^[0-9]/.test(release)).toSorted();
}
