import { decodeJson, entriesOf, fieldOf, isRecord, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

/** Real trees of lockfile version 1 nest about ten deep. */
const maxDepth = 100;

/**
 * package-lock.json and npm-shrinkwrap.json of lockfile versions 1 to 3 (npm documentation, "package-lock.json"). Versions 2 and 3 list
 * every installed folder under `packages`; version 1 nests `dependencies`. Links and workspaces are the project itself.
 */
export function extractNpmLock(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  const found = new Findings();
  const packages = fieldOf(document, 'packages');
  if (isRecord(packages)) {
    for (const [path, entry] of Object.entries(packages)) addInstalled(found, path, entry);
  } else if (isRecord(document) && ('lockfileVersion' in document || 'dependencies' in document)) {
    addNested(found, fieldOf(document, 'dependencies'), 0);
  } else {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no npm lock file');
  }
  return found.finish();
}

function addInstalled(found: Findings, path: string, entry: unknown): void {
  const folder = path.lastIndexOf('node_modules/');
  if (folder < 0 || !isRecord(entry) || entry['link'] === true) return;
  // An alias (`npm:other@1.0`) lies in a folder of the alias' name and says the true name itself.
  const name = textOf(entry, 'name') || path.slice(folder + 'node_modules/'.length);
  const version = textOf(entry, 'version');
  if (version !== '') found.add({ type: 'npm', name, version });
}

function addNested(found: Findings, dependencies: unknown, depth: number): void {
  if (depth > maxDepth) throw new ExtractorError('TOO_LARGE', `dependencies nest deeper than ${maxDepth}`);
  for (const [key, entry] of entriesOf(dependencies)) {
    const version = textOf(entry, 'version');
    const alias = /^npm:(.+)@([^@]+)$/.exec(version);
    if (alias) found.add({ type: 'npm', name: alias[1] ?? '', version: alias[2] ?? '' });
    else if (/^\d/.test(version)) found.add({ type: 'npm', name: key, version });
    else if (version !== '') found.problem(0, `${key.slice(0, 100)} comes from no registry`);
    addNested(found, fieldOf(entry, 'dependencies'), depth + 1);
  }
}
