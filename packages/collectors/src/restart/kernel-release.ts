/** As much of a release string as is looked at; real ones have some twenty characters. */
const maxLength = 256;

interface KernelRelease {
  readonly numbers: readonly number[];
  readonly flavour: string;
}

/**
 * The newest of `installed` that is newer than `running`, or null.
 *
 * Release strings are not Debian versions: in 6.1.0-31-amd64 the tail names a flavour, and dpkg's order would compare it. So the
 * leading numbers (upstream version, ABI, suffixes such as +deb13) are compared as numbers, and only kernels of the running
 * one's flavour count: a second flavour beside it is a choice, not a pending restart. A kernel rebuilt under the same release
 * string is not seen here; the package version in the `kernel` fact tells it.
 */
export function newerKernel(installed: readonly string[], running: string): string | null {
  const current = parseRelease(running);
  let newest: { release: string; parsed: KernelRelease } | null = null;
  for (const release of installed) {
    const parsed = parseRelease(release);
    if (parsed.flavour !== current.flavour || compareNumbers(parsed.numbers, (newest?.parsed ?? current).numbers) <= 0) continue;
    newest = { release, parsed };
  }
  return newest?.release ?? null;
}

function parseRelease(release: string): KernelRelease {
  const bounded = release.slice(0, maxLength);
  const [version = ''] = /^[0-9.]*(?:-[0-9.]+)?(?:\+[a-z0-9.~]+)*/i.exec(bounded) ?? [];
  return { numbers: (version.match(/[0-9]+/g) ?? []).map(Number), flavour: bounded.slice(version.length) };
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
