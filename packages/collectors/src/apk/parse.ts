import type { ApkPackage } from '@vedette/ecosystems';
import type { ApkPackageRow } from '@vedette/protocol';

/** Rows of the packages that have a name and a version; `isWhole`: all had. */
export function apkRows(packages: Iterable<ApkPackage>): { rows: ApkPackageRow[]; isWhole: boolean } {
  const rows: ApkPackageRow[] = [];
  let isWhole = true;
  for (const { name, version, architecture, source } of packages) {
    if (name === '' || version === '') isWhole = false;
    else rows.push({ name, version, architecture, source, sourceVersion: version });
  }
  return { rows, isWhole };
}
