import type { Confidence } from './confidence.ts';
import type { InventoryElement } from './inventory-element.ts';

/** The source package, and its version, under which Debian's and Ubuntu's advisories speak of an element. */
export interface AdvisorySource {
  readonly source: string;
  readonly version: string;
}

/**
 * Source packages that only sign what another one built:
 *
 * - Debian builds the signed kernel images from `linux-signed-amd64`, made from the output of `linux`: its version is that of `linux`
 *   with the first hyphen turned into a plus, because the package is native (6.1.128+1 from 6.1.128-1, 4.19.37+5+deb10u1 from
 *   4.19.37-5+deb10u1).
 * - Ubuntu's `linux-signed`, `linux-signed-aws`, `linux-signed-hwe-6.5` have the version of `linux`, `linux-aws`, `linux-hwe-6.5`.
 *
 * Advisories speak of the latter alone. Every other element is its own source.
 */
export function advisorySource(element: Pick<InventoryElement, 'source' | 'sourceVersion'>): AdvisorySource {
  const { source, sourceVersion: version } = element;
  if (!source.startsWith('linux')) return { source, version };
  const debian = /^linux(-[0-9][0-9.]*)?-signed-(?:amd64|arm64|i386)$/.exec(source);
  if (debian) return { source: `linux${debian[1] ?? ''}`, version: version.replace('+', '-') };
  return { source: source.replace(/^linux-signed(?=$|-)/, 'linux'), version };
}

/** Flavours that are kernels of their own: of Ubuntu (a source for each cloud and board), Alpine and Arch. */
const flavours =
  'allwinner aws azure bluefield dell300x edge fips gcp gke gkeop grsec hardened hwe ibm intel kvm laptop lowlatency lts nvidia oem ' +
  'oracle raspi raspi2 realtime riscv rpi rt snapdragon starfive vanilla virt xilinx zen';
const linuxSource = new RegExp(`^linux(?:-(?:${flavours.replaceAll(' ', '|')})(?:-[a-z][a-z0-9]*){0,2})?(?:-[0-9][0-9.]*)?$`);
/** Red Hat's family and SUSE. */
const rpmSource = /^kernel(?:-(?:64k|azure|debug|default|longterm|lt|ml|rt|uek))?$/;

/** Built from the kernel's sources: `linux`, a kernel of a later release beside it as bullseye's `linux-6.1`, `linux-aws`, `kernel`. */
export function isKernelSource(source: string): boolean {
  if (!source.startsWith('linux') && !source.startsWith('kernel')) return false;
  const built = advisorySource({ source, sourceVersion: '' }).source;
  return linuxSource.test(built) || rpmSource.test(built);
}

/** What an rpm kernel is split into, and what holds code of the kernel. */
const rpmImage =
  /^kernel(?:-(?:64k|azure|debug|default|longterm|lt|ml|rt|uek|zfcpdump))*(?:-core|-modules|-modules-core|-modules-extra|-uki-virt)?$/;

/**
 * Packages that hold a kernel which could be started: `linux-image-6.1.0-28-amd64`, `kernel-core`, Alpine's `linux-lts`. The
 * package `linux-image-amd64` holds none, it only depends on the newest; nor do debug symbols (`-dbg`), headers or tools.
 */
export function isKernelImage({ name, source }: Pick<InventoryElement, 'name' | 'source'>): boolean {
  if (!isKernelSource(source) || /-(?:dbg|dev|docs?|headers)$/.test(name)) return false;
  if (rpmSource.test(source)) return rpmImage.test(name);
  return (
    (/^linux-(?:image(?:-unsigned)?|modules(?:-extra)?)-[0-9]/.test(name) && !name.endsWith('-dbg')) || linuxSource.test(name)
  );
}

/**
 * How much a matching statement means for this element. Kernel advisories speak of code that runs in the kernel, so they are
 * confirmed for the running kernel alone, and, of what is scanned without running, for the newest image; other images on disk,
 * headers, documentation and tools built from the same sources are reported, as scanners of the vendor do, but as information.
 * Red Hat's OVAL draws the same line ("is currently running", "is set to boot up on next boot"). The check's severity stays what
 * it is.
 */
export function elementConfidence(element: Pick<InventoryElement, 'name' | 'source' | 'role'>): Confidence {
  if (element.role === 'running') return { confidence: 'confirmed', reason: 'this kernel is running' };
  if (element.role === 'dormant') return { confidence: 'information', reason: 'this kernel is installed but does not run' };
  if (isKernelImage(element)) {
    return { confidence: 'confirmed', reason: 'this is the newest kernel installed, the one that starts next' };
  }
  if (isKernelSource(element.source)) {
    return {
      confidence: 'information',
      reason: `built from the kernel's sources, but ${element.name} holds no code that runs in the kernel`,
    };
  }
  return { confidence: 'confirmed', reason: "the vendor's advisory speaks of this source package" };
}
