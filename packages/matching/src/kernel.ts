import type { InventoryElement } from './inventory-element.ts';

/** The source package, and its version, under which Debian's and Ubuntu's advisories speak of an element. */
export interface AdvisorySource {
  readonly source: string;
  readonly version: string;
}

/**
 * Debian builds the signed kernel images from a second source package, `linux-signed-amd64`, made from the output of `linux`:
 * its version is that of `linux` with the first hyphen turned into a plus, because the package is native (6.1.128+1 from
 * 6.1.128-1, 4.19.37+5+deb10u1 from 4.19.37-5+deb10u1). Advisories speak of `linux` alone.
 * Every other element is its own source.
 */
export function advisorySource(element: Pick<InventoryElement, 'source' | 'sourceVersion'>): AdvisorySource {
  const signed = /^linux(-[0-9][0-9.]*)?-signed-[a-z0-9]+$/.exec(element.source);
  if (!signed) return { source: element.source, version: element.sourceVersion };
  return { source: `linux${signed[1] ?? ''}`, version: element.sourceVersion.replace('+', '-') };
}

/** Built from the kernel's sources: `linux`, or a kernel of a later release beside it, as bullseye's `linux-6.1`. */
export function isKernelSource(source: string): boolean {
  return /^linux(-[0-9][0-9.]*)?$/.test(advisorySource({ source, sourceVersion: '' }).source);
}

/**
 * Packages that hold a kernel which could be started: `linux-image-6.1.0-28-amd64`. The package `linux-image-amd64` holds none,
 * it only depends on the newest; nor do debug symbols (`-dbg`).
 */
export function isKernelImage(element: Pick<InventoryElement, 'name' | 'source'>): boolean {
  return isKernelSource(element.source) && /^linux-(image|modules)-[0-9]/.test(element.name) && !element.name.endsWith('-dbg');
}

export interface ElementConfidence {
  readonly confidence: 'confirmed' | 'information';
  /** Why, in words for the person who asks. */
  readonly reason: string;
}

/**
 * How much a matching statement means for this element. Kernel advisories speak of code that runs in the kernel, so they are
 * confirmed for the running kernel alone; images on disk that do not run, headers, documentation and tools built from the
 * same sources are reported, as scanners of the vendor do, but as information. The check's severity stays what it is.
 */
export function elementConfidence(element: Pick<InventoryElement, 'name' | 'source' | 'role'>): ElementConfidence {
  if (element.role === 'running') return { confidence: 'confirmed', reason: 'this kernel is running' };
  if (element.role === 'dormant') return { confidence: 'information', reason: 'this kernel is installed but does not run' };
  if (isKernelSource(element.source)) {
    return {
      confidence: 'information',
      reason: `built from the kernel's sources, but ${element.name} holds no code that runs in the kernel`,
    };
  }
  return { confidence: 'confirmed', reason: "the vendor's advisory speaks of this source package" };
}
