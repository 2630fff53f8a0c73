import { decodeJson, decodeText, entriesOf, fieldOf, recordsOf, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { decodeYaml } from './decode-yaml.ts';

/** pubspec.lock (Dart): `packages`, of which those `hosted` come from a registry. */
export function extractPubspecLock(content: Uint8Array): Extraction {
  const found = new Findings();
  const [document] = decodeYaml(content, 'packages');
  const packages = fieldOf(document, 'packages');
  if (packages === undefined) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no pubspec.lock');
  for (const [name, entry] of entriesOf(packages)) {
    if (textOf(entry, 'source') === 'hosted') found.add({ type: 'pub', name, version: textOf(entry, 'version') });
  }
  return found.finish();
}

/** mix.lock (Elixir): a map of `"name": {:hex, :name, "1.2.3", …}`, one a line. */
export function extractMixLock(content: Uint8Array): Extraction {
  const found = new Findings();
  let line = 0;
  for (const text of decodeText(content).split('\n')) {
    line += 1;
    const hex = /^\s*"[^"]{1,200}":\s*\{:hex,\s*:"?([\w.-]{1,200})"?,\s*"([^"]{1,200})"/.exec(text);
    if (hex) found.add({ type: 'hex', name: hex[1] ?? '', version: hex[2] ?? '' }, line);
    else if (/^\s*"[^"]{1,200}":/.test(text)) found.problem(line, 'comes from no registry');
  }
  return found.finish();
}

/** Package.resolved of Swift, versions 1 to 3; packages are called by the address of their repository, as in the Swift advisories. */
export function extractSwiftResolved(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  const pins = fieldOf(document, 'pins') ?? fieldOf(fieldOf(document, 'object'), 'pins');
  if (!Array.isArray(pins)) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no Package.resolved');
  const found = new Findings();
  for (const pin of recordsOf(pins)) {
    const address = textOf(pin, 'location') || textOf(pin, 'repositoryURL');
    const name = address
      .replace(/^(?:https?|ssh|git):\/\/(?:[^@/]*@)?/, '')
      .replace(/^git@([^:/]+):/, '$1/')
      .replace(/\.git$/, '');
    const version = textOf(fieldOf(pin, 'state'), 'version');
    if (version === '') found.problem(0, `${name.slice(0, 100)} is pinned to no version`);
    else found.add({ type: 'swift', name, version });
  }
  return found.finish();
}

/** build.sbt.lock of sbt-dependency-lock. */
export function extractSbtLock(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  if (fieldOf(document, 'lockVersion') === undefined) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no sbt lock file');
  const found = new Findings();
  for (const entry of recordsOf(fieldOf(document, 'dependencies'))) {
    found.add({ type: 'maven', name: `${textOf(entry, 'org')}:${textOf(entry, 'name')}`, version: textOf(entry, 'version') });
  }
  return found.finish();
}
