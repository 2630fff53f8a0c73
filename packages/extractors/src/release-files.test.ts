import { describe, expect, it } from 'vitest';
import { readReleaseFile } from './release-files.ts';

describe('readReleaseFile', () => {
  it.each([
    ['/etc/debian_version', '12.5\n', 'debian 12.5 '],
    ['/etc/debian_version', 'trixie/sid\n', 'debian  trixie'],
    ['/etc/alpine-release', '3.19.1\n', 'alpine 3.19.1 '],
    ['/etc/lsb-release', 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n', 'ubuntu 22.04 jammy'],
    ['/etc/almalinux-release', 'AlmaLinux release 8.4 (Electric Cheetah)\n', 'almalinux 8.4 '],
    ['/etc/centos-release', 'CentOS Linux release 7.6.1810 (Core)', 'centos 7.6.1810 '],
    ['/etc/redhat-release', 'Red Hat Enterprise Linux Server release 6.2 (Santiago)', 'rhel 6.2 '],
    ['/etc/redhat-release', 'Rocky Linux release 9.3 (Blue Onyx)', 'rocky 9.3 '],
  ])('%s with %j is %s', (path, text, expected) => {
    const found = readReleaseFile(path, text);
    expect(found && `${found.id} ${found.versionId} ${found.codename}`).toBe(expected);
  });

  it.each([
    ['/etc/debian_version', 'kali-rolling'],
    ['/etc/redhat-release', 'Scientific Linux release 7.9'],
    ['/etc/lsb-release', ''],
    ['/etc/alpine-release', 'x'],
  ])('%s with %j says nothing', (path, text) => {
    expect(readReleaseFile(path, text)).toBeNull();
  });
});
