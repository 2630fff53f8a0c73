import type { CheckAffected } from '@vedette/protocol';
import type { InventoryElement } from '../inventory-element.ts';
import type { AffectedStatement } from '../judge.ts';

/** The case most tests start from: an OpenSSL of Debian bookworm that DSA-5764-1 fixed. */
export const openssl: InventoryElement = {
  ecosystem: 'debian',
  release: 'bookworm',
  name: 'libssl3',
  version: '3.0.11-1~deb12u2',
  architecture: 'amd64',
  source: 'openssl',
  sourceVersion: '3.0.11-1~deb12u2',
  role: 'installed',
};

export const dsaStatement: CheckAffected = {
  ecosystem: 'debian',
  release: 'bookworm',
  package: 'openssl',
  status: 'fixed',
  introduced: null,
  fixed: '3.0.15-1~deb12u1',
  advisory: 'DSA-5764-1',
  feed: 'debian-dsa',
  published: '2024-09-03',
};

/** The same as part of the check for CVE-2024-5535. */
export const dsa: AffectedStatement = { ...dsaStatement, check: 260_005_535 };
