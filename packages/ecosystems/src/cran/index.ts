import type { Ecosystem } from '../ecosystem.ts';
import { compareCranVersions, cranVersionKey } from './version.ts';

/** R packages of CRAN and Bioconductor. */
export const cran: Ecosystem = {
  name: 'cran',
  aliases: ['bioconductor', 'r'],
  versionOrder: 'R (package_version)',
  compareVersions: compareCranVersions,
  versionKey: cranVersionKey,
};
