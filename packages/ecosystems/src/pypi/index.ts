import type { Ecosystem } from '../ecosystem.ts';
import { comparePythonVersions, pythonVersionKey } from './version.ts';

/** Python packages. */
export const pypi: Ecosystem = {
  name: 'pypi',
  aliases: ['pep440', 'pip', 'python'],
  versionOrder: 'PEP 440',
  compareVersions: comparePythonVersions,
  versionKey: pythonVersionKey,
};
