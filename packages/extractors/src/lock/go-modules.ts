import { decodeText } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

interface Requirement {
  readonly path: string;
  readonly version: string;
  readonly line: number;
}

interface Replacement {
  readonly path: string;
  /** Empty: every version. */
  readonly version: string;
  readonly by: { readonly path: string; readonly version: string };
}

/**
 * go.mod (Go Modules Reference, "go.mod files"): `require` with `replace` applied. Since Go 1.17 it names every module that is built in;
 * before, only the direct ones. A module replaced by a folder is the project itself.
 */
export function extractGoMod(content: Uint8Array): Extraction {
  const requirements: Requirement[] = [];
  const replacements: Replacement[] = [];
  let block = '';
  let isModule = false;
  let line = 0;
  for (const raw of decodeText(content).split('\n')) {
    line += 1;
    const words = (raw.split('//', 1)[0] ?? '').trim().split(/\s+/).map(unquote);
    if (words[0] === '') continue;
    if (words[0] === ')') block = '';
    else if (words[1] === '(') block = words[0] ?? '';
    else {
      const [directive = '', ...rest] = block === '' ? words : [block, ...words];
      isModule ||= directive === 'module';
      if (directive === 'require') requirements.push({ path: rest[0] ?? '', version: rest[1] ?? '', line });
      if (directive === 'replace') readReplacement(replacements, rest);
    }
  }
  if (!isModule) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no go.mod');
  return build(requirements, replacements);
}

/** A word may be written as an interpreted or a raw string. */
function unquote(word: string): string {
  return word.replace(/^(["`])(.*)\1$/, '$2');
}

function readReplacement(replacements: Replacement[], words: readonly string[]): void {
  const arrow = words.indexOf('=>');
  if (arrow < 1) return;
  const by = { path: words[arrow + 1] ?? '', version: words[arrow + 2] ?? '' };
  replacements.push({ path: words[0] ?? '', version: arrow === 2 ? (words[1] ?? '') : '', by });
}

function build(requirements: readonly Requirement[], replacements: readonly Replacement[]): Extraction {
  const found = new Findings();
  // The one for an exact version goes before the one for all.
  const byKey = new Map(replacements.map((one) => [`${one.path}@${one.version}`, one.by]));
  for (const { path, version, line } of requirements) {
    const by = byKey.get(`${path}@${version}`) ?? byKey.get(`${path}@`);
    const built = by ?? { path, version };
    if (by && by.version === '') continue;
    found.add({ type: 'golang', name: built.path, version: built.version }, line);
  }
  return found.finish();
}

/**
 * go.sum: `path version hash`. Lines of `version/go.mod` only prove that a version was looked at; of those with the hash of a
 * module's content all are taken, so a file alone may name versions that are no longer built in.
 */
export function extractGoSum(content: Uint8Array): Extraction {
  const found = new Findings();
  let line = 0;
  for (const raw of decodeText(content).split('\n')) {
    line += 1;
    const words = raw.trim().split(/\s+/);
    if (words[0] === '') continue;
    const [path = '', version = '', hash = ''] = words;
    if (words.length !== 3 || !hash.startsWith('h1:')) found.problem(line, 'no line of a go.sum');
    else if (!version.endsWith('/go.mod')) found.add({ type: 'golang', name: path, version }, line);
  }
  return found.finish();
}
