import { decodeJson, isRecord, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

/** package.json of an installed package. One without name or version is part of another package, and no problem. */
export function extractNpmPackage(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  if (!isRecord(document)) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no package.json');
  const found = new Findings();
  const [name, version] = [textOf(document, 'name'), textOf(document, 'version')];
  if (name !== '' && version !== '') found.add({ type: 'npm', name, version });
  return found.finish();
}
