import type { Ecosystem } from '../ecosystem.ts';
import { compareComposerVersions, composerVersionKey } from './version.ts';

/** Composer packages. */
export const packagist: Ecosystem = {
  name: 'packagist',
  aliases: ['composer', 'php'],
  versionOrder: 'Composer (composer/semver)',
  compareVersions: compareComposerVersions,
  versionKey: composerVersionKey,
};
