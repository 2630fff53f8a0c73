import { EcosystemError, readRpmHeader } from '@vedette/ecosystems';
import { decodeText } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { rpmFiles } from './rpm-files.ts';

/** Puts down, for each of the wanted paths (absolute), the package that brought it. */
export type FileOwners = Map<string, string>;

/** Lists of dpkg: `/var/lib/dpkg/info/PACKAGE[:ARCH].list`, one path a line. */
export function addDpkgOwners(owners: FileOwners, wanted: ReadonlySet<string>, listName: string, content: Uint8Array): void {
  const name = listName.replace(/\.list$/, '').replace(/:.*$/, '');
  for (const line of decodeText(content).split('\n')) if (wanted.has(line)) owners.set(line, name);
}

/** apk's `installed`: `F:` names a folder, each `R:` behind it a file there. */
export function addApkOwners(owners: FileOwners, wanted: ReadonlySet<string>, content: Uint8Array): void {
  let name = '';
  let folder = '';
  for (const line of decodeText(content).split('\n')) {
    const value = line.slice(2);
    if (line.startsWith('P:')) name = value;
    else if (line.startsWith('F:')) folder = value;
    else if (line.startsWith('R:')) {
      const path = `/${folder === '' ? '' : `${folder}/`}${value}`;
      if (wanted.has(path)) owners.set(path, name);
    }
  }
}

/** Headers of an rpm database. Throws ExtractorError DAMAGED. */
export function addRpmOwners(owners: FileOwners, wanted: ReadonlySet<string>, headers: Iterable<Uint8Array>): void {
  for (const header of headers) {
    const name = nameOf(header);
    if (name === undefined) continue;
    for (const path of rpmFiles(header)) if (wanted.has(path)) owners.set(path, name);
  }
}

function nameOf(header: Uint8Array): string | undefined {
  try {
    return readRpmHeader(header)?.name;
  } catch (error) {
    if (!(error instanceof EcosystemError)) throw error;
    throw new ExtractorError('DAMAGED', error.message, { cause: error });
  }
}
