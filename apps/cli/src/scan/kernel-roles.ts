import { compareInOrder, isKernelImage, runningKernelElement, type InventoryElement } from '@vedette/matching';
import type { Kernel } from '@vedette/protocol';

/**
 * Which of the kernels on disk count. On the machine itself (`kernels`, as the agent's collector reports them) the one that runs, all
 * others being dormant. Of a file or directory nobody knows what runs; there the newest of each flavour, which starts next, stands for
 * it.
 */
export function withKernelRoles(elements: readonly InventoryElement[], kernels: readonly Kernel[] | null): InventoryElement[] {
  const newest = kernels === null ? newestImages(elements) : null;
  return elements.map((element) => {
    if (!isKernelImage(element)) return element;
    if (kernels) return { ...element, role: kernels.some((kernel) => runs(kernel, element)) ? 'running' : 'dormant' };
    return { ...element, role: newest?.get(flavourOf(element)) === element.version ? 'installed' : 'dormant' };
  });
}

/**
 * The running kernel, where no package on disk is it: in a container, or after an upgrade that waits for a restart. Null where the kernel
 * does not say which package it came from.
 */
export function strayKernel(elements: readonly InventoryElement[], kernels: readonly Kernel[]): InventoryElement | null {
  if (elements.some((element) => element.role === 'running')) return null;
  const machine = elements.find(({ ecosystem }) => ecosystem === 'debian');
  return machine ? runningKernelElement(kernels, { release: machine.release, architecture: machine.architecture }) : null;
}

/**
 * Debian and Ubuntu put uname -r into the name of the image; rpm names the package alike and puts it into version, release and
 * architecture. Debian's kernel states its version too, which may be older than that on disk.
 */
function runs({ running, release, version }: Kernel, element: InventoryElement): boolean {
  if (!running) return false;
  if (`${element.version.replace(/^\d+:/, '')}.${element.architecture}` === release) return true;
  const named = /^linux-(?:image(?:-unsigned)?|modules(?:-extra)?)-(.+?)(?:-unsigned)?$/.exec(element.name)?.[1] === release;
  return named && (version === '' || version === element.version);
}

function newestImages(elements: readonly InventoryElement[]): Map<string, string> {
  const newest = new Map<string, string>();
  for (const element of elements.filter(isKernelImage)) {
    const known = newest.get(flavourOf(element));
    if (known === undefined || compareInOrder(element.ecosystem, element.version, known) === 1) {
      newest.set(flavourOf(element), element.version);
    }
  }
  return newest;
}

/** The name without the version in it: linux-image-#-amd64, kernel-rt-core. */
function flavourOf({ name, architecture }: InventoryElement): string {
  return `${name.replace(/\d[\w.+~]*(?:-\d[\w.+~]*)*/, '#')} ${architecture}`;
}
