import { isKernelImage } from '@vedette/matching';
import { type ApkPackageRow, type DpkgPackage, postureEcosystem, type PostureRow, type RpmPackageRow } from '@vedette/protocol';
import type { PackageVersionRow } from './package-versions.ts';
import type { AssetRelease } from './release.ts';
import type { KeyedRow } from './row-change.ts';

/** The package version that a row of dpkg, rpm or apk names. Which kernel runs is known from the kernel itself, so that those on disk are dormant. */
export function packageVersionRow({ row, hash }: KeyedRow, { ecosystem, release }: AssetRelease): PackageVersionRow {
  if (ecosystem === postureEcosystem) return postureRow(row as PostureRow, hash); // checked as below
  // readRows checked it against the schema of its collector.
  const { name, version, architecture, source, sourceVersion, ...rest } = row as DpkgPackage | RpmPackageRow | ApkPackageRow;
  return {
    ecosystem,
    release,
    role: isKernelImage({ name, source }) ? 'dormant' : 'installed',
    name,
    version,
    architecture,
    source,
    sourceVersion,
    state: 'state' in rest ? rest.state : '',
    module: 'module' in rest ? rest.module : '',
    rowHash: hash,
  };
}

/** What a probe read, in the places of a package: its subject is the name, the value the version, the probe the source. */
function postureRow({ probe, subject, value, where }: PostureRow, rowHash: Buffer): PackageVersionRow {
  const nothing = { release: '', architecture: '', state: '', module: '' };
  const named = { name: subject, version: value, source: probe, sourceVersion: where };
  return { ecosystem: postureEcosystem, role: 'installed', ...nothing, ...named, rowHash };
}
