import { findEcosystem, VersionError } from '@vedette/ecosystems';
import type { Affected } from '@vedette/protocol';
import type { Interval } from './safe-versions.ts';

/**
 * Statements that a package of npm is affected in these stretches; null for one whose versions npm's order does not know. A version
 * below which it is affected is the first that no longer is; where a stretch ends with a version that is, `patched` may name the first
 * that is not. Stretches without a version make no statement.
 */
export function npmStatements(name: string, stretches: readonly Interval[], patched: string | null = null): Affected[] | null {
  const compare = findEcosystem('npm')?.compareVersions;
  if (!compare) return null;
  try {
    return stretches.flatMap(({ from, to }): Affected[] => {
      if (from && to) {
        const order = compare(from.version, to.version);
        if (order > 0 || (order === 0 && !(from.inclusive && to.inclusive))) return [];
      }
      const introduced = from === null || from.inclusive ? (from?.version ?? null) : after(from.version);
      const about = { ecosystem: 'npm', release: '', package: name, introduced } as const;
      if (to === null) {
        if (introduced !== null) compare(introduced, introduced);
        return [{ ...about, status: 'affected', fixed: null }];
      }
      // Bounds that only stand for "before the next 2.0" are no version that anybody released.
      if (!to.inclusive && to.version.endsWith('-0')) return [{ ...about, status: 'affected', fixed: null, limit: to.version }];
      if (!to.inclusive) return [{ ...about, status: 'fixed', fixed: compare(to.version, to.version) === 0 ? to.version : null }];
      const fixed = patched !== null && compare(patched, to.version) > 0 ? patched : null;
      return [{ ...about, status: fixed === null ? 'affected' : 'fixed', fixed, lastAffected: to.version }];
    });
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}

/** The lowest version above one: of a pre-release a longer one, of a release the first pre-release of the next patch. */
function after(version: string): string {
  if (version.includes('-')) return `${version}.0`;
  const [major = '', minor = '', patch = ''] = version.split('.');
  return `${major}.${minor}.${Number(patch) + 1}-0`;
}
