import type { Ecosystem } from '../ecosystem.ts';
import { compareKernelReleases, kernelReleaseKey } from './version.ts';

/** Releases of Linux kernels, as uname -r tells them. */
export const kernel: Ecosystem = {
  name: 'kernel',
  aliases: ['linux', 'linuxkernel', 'uname'],
  versionOrder: 'linux-version(1)',
  compareVersions: compareKernelReleases,
  versionKey: kernelReleaseKey,
};
