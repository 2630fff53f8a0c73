import type { Distribution } from './extraction.ts';

/** Files by which systems without os-release(5) tell their release; the first that says something counts. */
export const releaseFiles: readonly string[] = [
  '/etc/lsb-release',
  '/etc/alpine-release',
  '/etc/almalinux-release',
  '/etc/rocky-release',
  '/etc/oracle-release',
  '/etc/fedora-release',
  '/etc/centos-release',
  '/etc/redhat-release',
  '/etc/debian_version',
];

const products: readonly (readonly [begins: string, id: string])[] = [
  ['AlmaLinux', 'almalinux'],
  ['Rocky Linux', 'rocky'],
  ['Oracle Linux', 'ol'],
  ['Fedora', 'fedora'],
  ['CentOS', 'centos'],
  ['Red Hat Enterprise Linux', 'rhel'],
];

/** The distribution that one of these files names; null where it says none. */
export function readReleaseFile(path: string, text: string): Distribution | null {
  const line = text.slice(0, 4096).trim();
  if (path === '/etc/lsb-release') return readLsbRelease(line);
  if (path === '/etc/alpine-release') return named('alpine', /^(\d+\.\d+(?:\.\d+)?|\d+\.\d+_alpha\d+)$/.exec(line)?.[1]);
  if (path === '/etc/debian_version') {
    // Testing and unstable write the code name of the next release: "trixie/sid".
    const codename = /^([a-z]+)\/sid$/.exec(line)?.[1];
    return codename ? { id: 'debian', versionId: '', codename } : named('debian', /^(\d+(?:\.\d+)?)$/.exec(line)?.[1]);
  }
  const product = products.find(([begins]) => line.startsWith(begins));
  // "AlmaLinux release 8.4 (Electric Cheetah)", "CentOS release 6.10 (Final)".
  return product ? named(product[1], / release (\d+(?:\.\d+){0,2})/.exec(line)?.[1]) : null;
}

function named(id: string, versionId: string | undefined): Distribution | null {
  return versionId === undefined ? null : { id, versionId, codename: '' };
}

function readLsbRelease(text: string): Distribution | null {
  const field = (name: string): string =>
    new RegExp(`^DISTRIB_${name}="?([\\w.]{1,40})"?\\s*$`, 'm').exec(text)?.[1]?.toLowerCase() ?? '';
  return field('ID') === '' ? null : { id: field('ID'), versionId: field('RELEASE'), codename: field('CODENAME') };
}
