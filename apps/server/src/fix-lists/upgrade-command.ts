const managers = new Map<string, 'apt' | 'dnf' | 'zypper' | 'apk'>([
  ...['debian', 'ubuntu'].map((name) => [name, 'apt'] as const),
  ...['almalinux', 'rocky', 'redhat', 'oracle', 'fedora', 'amazon', 'openeuler'].map((name) => [name, 'dnf'] as const),
  ...['suse', 'opensuse'].map((name) => [name, 'zypper'] as const),
  ...['alpine', 'wolfi', 'chainguard'].map((name) => [name, 'apk'] as const),
]);

/** Package names as the distributions allow them; what an agent says otherwise goes into no shell. */
const packageName = /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/;

/** A kernel whose version is part of its name: linux-image-6.1.0-9-cloud-amd64. */
const versionedKernel = /^linux-image-(?:unsigned-)?\d[\d.]*-\d+-([a-z][a-z0-9-]*)$/;

/**
 * The command that brings installed packages to the newest version of their release, and adds none that is not installed: apt-get(8),
 * dnf(8), zypper(8), apk(8). Null for ecosystems without a package manager of the system. A Debian or Ubuntu kernel comes under another
 * name with each version, so that the package that depends on the newest one of its flavour is named.
 */
export function upgradeCommand(ecosystem: string, packages: readonly string[]): string | null {
  const manager = managers.get(ecosystem);
  const named = packages.filter((name) => packageName.test(name));
  if (!manager || named.length === 0) return null;
  if (manager === 'apt') return aptCommand(named);
  const list = [...new Set(named)].toSorted().join(' ');
  if (manager === 'dnf') return `dnf upgrade --refresh ${list}`;
  return manager === 'zypper' ? `zypper update ${list}` : `apk add --update-cache --upgrade ${list}`;
}

function aptCommand(packages: readonly string[]): string {
  const kernels = packages.flatMap((name) => versionedKernel.exec(name)?.[1] ?? []).map((flavour) => `linux-image-${flavour}`);
  const others = packages.filter((name) => !versionedKernel.test(name));
  const parts = ['apt-get update'];
  if (others.length > 0) parts.push(`apt-get install --only-upgrade ${[...new Set(others)].toSorted().join(' ')}`);
  if (kernels.length > 0) parts.push(`apt-get install ${[...new Set(kernels)].toSorted().join(' ')}`);
  return parts.join(' && ');
}

/** What has to be started anew after an upgrade, before the old code is gone. */
export function restartAfter(isKernel: boolean, packages: readonly string[]): 'machine' | 'processes' | 'none' {
  if (isKernel) return 'machine';
  return packages.some((name) => /^(?:lib(?!reoffice)|glibc|musl|openssl-libs)/.test(name)) ? 'processes' : 'none';
}
