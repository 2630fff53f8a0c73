import { osTypes, type FoundPackage } from '@vedette/extractors';
import type { InventoryElement } from '@vedette/matching';
import { strayKernel, withKernelRoles } from './kernel-roles.ts';
import type { Target } from './target.ts';
import { toElement } from './to-element.ts';

/** A package of the target, once, with the file that named it first. */
export interface ScannedPackage {
  readonly found: FoundPackage;
  readonly path: string;
  /** Null where no distribution is known whose package it is. */
  readonly element: InventoryElement | null;
}

/** Every package of the target, and the kernel that runs, where none of them is it. */
export function scannedPackages(target: Target): ScannedPackage[] {
  const packages = distinctPackages(target);
  const elements = packages.flatMap(({ element }) => element ?? []);
  const judged = withKernelRoles(elements, target.kernels);
  const byElement = new Map(elements.map((element, index) => [element, judged[index] ?? element]));
  const stray = target.kernels && strayKernel(judged, target.kernels);
  return [
    ...packages.map((one) => ({ ...one, element: one.element && (byElement.get(one.element) ?? one.element) })),
    ...(stray ? [kernelPackage(stray, target)] : []),
  ];
}

function distinctPackages(target: Target): ScannedPackage[] {
  const distinct = new Map<string, ScannedPackage>();
  for (const { path, extraction, owner } of target.files) {
    for (const found of extraction.packages) {
      const alone = toElement(found, extraction.distribution ?? target.distribution);
      const element = alone && owner !== null ? { ...alone, ownedBy: owner } : alone;
      const key = JSON.stringify([
        found.type,
        element?.release,
        found.name,
        found.version,
        osTypes.has(found.type) ? found.architecture : '',
        // The same version may be there once more, brought by nobody's package.
        owner !== null,
      ]);
      if (!distinct.has(key)) distinct.set(key, { found, path, element });
    }
  }
  return [...distinct.values()];
}

function kernelPackage(element: InventoryElement, { distribution }: Target): ScannedPackage {
  const { name, version, architecture, source, sourceVersion } = element;
  const found = {
    type: 'deb',
    name,
    version,
    architecture,
    source,
    sourceVersion,
    isSourceKnown: true,
    module: '',
    distribution,
  } as const;
  return { found, path: '/proc/version', element };
}
