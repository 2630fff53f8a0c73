import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Installation } from './installation.ts';
import type { Origins } from './origins/origins.ts';
import { UpgradeError } from './upgrade-error.ts';

export interface FirstRoot {
  readonly bytes: Uint8Array;
  /** For the journal, where nobody but the platform vouched for it; null when the machine had it. */
  readonly note: string | null;
}

const maxRootBytes = 512 * 1024;

/**
 * The root of signed releases that everything is followed from: what the installer brought, else what the package carries, else the
 * platform's first one, which is asked for once. That one only over TLS: whoever can forge it decides what this machine runs. Throws
 * UpgradeError.
 */
export async function firstRoot({ disk, directory, lib }: Installation, origins: Origins): Promise<FirstRoot> {
  const brought =
    disk.read(join(dirname(directory), 'root.json'), maxRootBytes) ?? disk.read(join(lib, 'root.json'), maxRootBytes);
  if (brought) return { bytes: brought, note: null };
  const platform = origins.platform;
  if (platform.base.protocol !== 'https:' && !isLoopback(platform.base))
    throw new UpgradeError('verification', 'no root of signed releases was installed, and the platform is reached without TLS');
  const bytes = await origins.metadataOf(platform)('1.root.json', maxRootBytes);
  if (!bytes) throw new UpgradeError('unreachable', 'the platform has no root of signed releases');
  return { bytes, note: `trusts the root of releases of ${platform.base.origin}, SHA-256 ${hash('sha256', bytes)}` };
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
