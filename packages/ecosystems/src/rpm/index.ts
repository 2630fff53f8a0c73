import type { Ecosystem } from '../ecosystem.ts';
import { compareRpmVersions, rpmVersionKey } from './version.ts';

/** Red Hat, Fedora, SUSE, Amazon Linux and others that install with rpm. */
export const rpm: Ecosystem = {
  name: 'rpm',
  aliases: [
    'alma',
    'almalinux',
    'amazon',
    'amazonlinux',
    'amzn',
    'azurelinux',
    'cblmariner',
    'centos',
    'fedora',
    'mageia',
    'mariner',
    'openeuler',
    'opensuse',
    'opensuseleap',
    'opensusetumbleweed',
    'oracle',
    'oraclelinux',
    'photon',
    'photonos',
    'redhat',
    'rhel',
    'rocky',
    'rockylinux',
    'rpmvercmp',
    'sles',
    'suse',
  ],
  versionOrder: 'rpm (rpm-version(7))',
  compareVersions: compareRpmVersions,
  versionKey: rpmVersionKey,
};
