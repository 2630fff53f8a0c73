import { decodeJson, entriesOf, fieldOf, isRecord, recordsOf, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { pypiName } from '../purl.ts';

/** Pipfile.lock: `default` and `develop`, each a table of names with `"version": "==1.2.3"`. */
export function extractPipfileLock(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  if (!isRecord(fieldOf(document, 'default')) && !isRecord(fieldOf(document, 'develop'))) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no Pipfile.lock');
  }
  const found = new Findings();
  for (const group of ['default', 'develop']) {
    for (const [name, entry] of entriesOf(fieldOf(document, group))) {
      const pinned = /^===?(.+)$/.exec(textOf(entry, 'version'));
      if (pinned) found.add({ type: 'pypi', name: pypiName(name), version: pinned[1] ?? '' });
      else found.problem(0, `${name.slice(0, 100)} is not pinned to one version`);
    }
  }
  return found.finish();
}

/**
 * composer.lock, and vendor/composer/installed.json: lists `packages` and `packages-dev`; Composer 1 wrote the latter as a bare list. A
 * version may carry a `v`, a branch is written `dev-main`.
 */
export function extractComposerLock(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  const lists =
    Array.isArray(document) && document.length > 0
      ? [document]
      : ['packages', 'packages-dev'].map((group) => fieldOf(document, group));
  if (!Array.isArray(lists[0])) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no list of Composer packages');
  const found = new Findings();
  for (const list of lists) {
    for (const entry of recordsOf(list)) {
      const version = textOf(entry, 'version').replace(/^v(?=\d)/, '');
      found.add({ type: 'composer', name: textOf(entry, 'name').toLowerCase(), version });
    }
  }
  return found.finish();
}

/** packages.lock.json of NuGet: for each framework a table of names with the version `resolved`. */
export function extractNugetLock(content: Uint8Array): Extraction {
  const frameworks = fieldOf(decodeJson(content), 'dependencies');
  if (!isRecord(frameworks)) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no packages.lock.json');
  const found = new Findings();
  for (const [, packages] of Object.entries(frameworks)) {
    for (const [name, entry] of entriesOf(packages)) {
      if (textOf(entry, 'type') !== 'Project') found.add({ type: 'nuget', name, version: textOf(entry, 'resolved') });
    }
  }
  return found.finish();
}
