import type { Ecosystem } from '../ecosystem.ts';
import { compareSemverVersions, semverVersionKey } from './version.ts';

/** npm, crates.io, Hex and others whose versions are semantic versions. */
export const semver: Ecosystem = {
  name: 'semver',
  aliases: [
    'cargo',
    'crates',
    'crates.io',
    'cratesio',
    'elixir',
    'erlang',
    'githubactions',
    'hex',
    'julia',
    'node',
    'nodejs',
    'npm',
    'pnpm',
    'yarn',
    'rust',
    'swift',
    'swifturl',
    'vscode',
  ],
  versionOrder: 'semver.org 2.0.0',
  compareVersions: compareSemverVersions,
  versionKey: semverVersionKey,
};
