import type { Ecosystem } from '../ecosystem.ts';
import { compareMavenVersions, mavenVersionKey } from './version.ts';

/** Maven artifacts. */
export const maven: Ecosystem = {
  name: 'maven',
  aliases: ['gradle', 'java'],
  versionOrder: 'Maven 3 (ComparableVersion)',
  compareVersions: compareMavenVersions,
  versionKey: mavenVersionKey,
};
