import type { DetectionPackage, DpkgPackage, EcosystemName, Kernel } from '@vedette/protocol';
import { isKernelImage } from './kernel.ts';

/** One thing on an asset that can be judged: an installed package, or the kernel that runs. */
export interface InventoryElement {
  readonly ecosystem: EcosystemName;
  /** Release, as advisories spell it: bookworm, jammy, 3.20, 9; empty in registries. */
  readonly release: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Source package (dpkg, rpm), origin (apk), or the name itself. */
  readonly source: string;
  readonly sourceVersion: string;
  /** installed: on disk. running: the kernel that runs now. dormant: a kernel on disk, which harms nobody until it is started. */
  readonly role: DetectionPackage['role'];
  /** Of a modular rpm: what its MODULARITYLABEL says, or the module and stream at its beginning (nodejs:18). */
  readonly module?: string | null;
  /** Of a language package: the distribution's package that brought its files; absent where none did. */
  readonly ownedBy?: string | null;
}

/**
 * The element of an installed Debian package; null for one of which only configuration files remain. Kernel images are
 * dormant: whether one runs is known from the kernel itself (runningKernelElement), not from what lies on disk.
 */
export function packageElement(pkg: DpkgPackage, release: string): InventoryElement | null {
  if (pkg.state === 'config-files') return null;
  const { name, version, architecture, source, sourceVersion } = pkg;
  const role = isKernelImage({ name, source }) ? 'dormant' : 'installed';
  return { ecosystem: 'debian', release, name, version, architecture, source, sourceVersion, role };
}

/** Distributions whose kernel puts version, release and architecture of its rpm into uname -r. SUSE's leaves a part out. */
const rpmKernels: readonly EcosystemName[] = [
  'almalinux',
  'rocky',
  'redhat',
  'oracle',
  'fedora',
  'amazon',
  'photon',
  'azurelinux',
  'openeuler',
];

/**
 * The element of the running kernel; null where the kernel states no package version (one that is not the distribution's, a container on
 * another distribution's kernel). Debian's states the version of its source package, those of rpm that of the package in its release.
 */
export function runningKernelElement(
  kernels: readonly Kernel[],
  machine: { readonly ecosystem?: string; readonly release: string; readonly architecture: string },
): InventoryElement | null {
  const ecosystem = rpmKernels.find((name) => name === machine.ecosystem);
  if (ecosystem) return runningRpmKernel(kernels, { ecosystem, release: machine.release });
  const running = kernels.find((kernel) => kernel.running && kernel.version !== '');
  if (!running) return null;
  return {
    ecosystem: 'debian',
    release: machine.release,
    name: `linux-image-${running.release}`,
    version: running.version,
    architecture: machine.architecture,
    source: 'linux',
    sourceVersion: running.version,
    role: 'running',
  };
}

/** 5.14.0-362.8.1.el9_3.x86_64 is package kernel in version 5.14.0-362.8.1.el9_3; Oracle's own kernel has `uek` in its release. */
function runningRpmKernel(
  kernels: readonly Kernel[],
  { ecosystem, release }: { ecosystem: EcosystemName; release: string },
): InventoryElement | null {
  const text = kernels.find((kernel) => kernel.running)?.release.slice(0, 256) ?? '';
  const parts = /^([0-9][^-]*-[^-]+)\.(x86_64|aarch64|ppc64le|s390x|i686)$/.exec(text);
  if (!parts) return null;
  const [, version = '', architecture = ''] = parts;
  // Which distribution built it stands in its release; another's kernel under a container is not judged.
  if (!/\.(el|fc|amzn|ph|azl|cm|oe)[0-9]/.test(version)) return null;
  const name = version.endsWith('uek') ? 'kernel-uek' : 'kernel';
  return { ecosystem, release, name, version, architecture, source: name, sourceVersion: version, role: 'running' };
}
