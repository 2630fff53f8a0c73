export { parseOsRelease } from '../shared/os-release.ts';

// dpkg's names for the processors that Node knows under others; see `dpkg-architecture -L`.
const debianNames = new Map([
  ['x64', 'amd64'],
  ['ia32', 'i386'],
  ['arm', 'armhf'],
  ['ppc64', 'ppc64el'],
]);

/** dpkg's name of a processor architecture that Node names `architecture`; the same name where both agree. */
export function debianArchitecture(architecture: string): string {
  return debianNames.get(architecture) ?? architecture;
}
