import type { Ecosystem } from '../ecosystem.ts';
import { apkVersionKey, compareApkVersions } from './version.ts';

/** Alpine, Wolfi, Chainguard and others that install with apk-tools. */
export const apk: Ecosystem = {
  name: 'apk',
  aliases: [
    'alpaquita',
    'alpine',
    'alpinelinux',
    'apktools',
    'bellsofthardenedcontainers',
    'chainguard',
    'minimos',
    'postmarketos',
    'wolfi',
  ],
  versionOrder: 'apk-tools (apk-package(5))',
  compareVersions: compareApkVersions,
  versionKey: apkVersionKey,
};
