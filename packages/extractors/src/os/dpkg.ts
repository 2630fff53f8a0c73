import { EcosystemError, parseDpkgStatus, type DpkgDatabaseKind } from '@vedette/ecosystems';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

/** The dpkg database. Packages of which only configuration files remain are not installed and stay out. */
export function extractDpkg(content: Uint8Array, kind: DpkgDatabaseKind = 'status'): Extraction {
  const found = new Findings();
  try {
    const { packages, problems } = parseDpkgStatus(content, kind);
    for (const { name, version, architecture, source, sourceVersion, state } of packages) {
      if (state !== 'config-files') found.add({ type: 'deb', name, version, architecture, source, sourceVersion });
    }
    for (const { line, reason } of problems) found.problem(line, reason);
  } catch (error) {
    if (error instanceof EcosystemError) throw new ExtractorError('TOO_LARGE', error.message, { cause: error });
    throw error;
  }
  return found.finish();
}
