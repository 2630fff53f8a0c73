import { decodeText } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { pypiName } from '../purl.ts';

/** METADATA of a `.dist-info` or PKG-INFO of an `.egg-info` (PyPA specification "Core metadata"): headers up to the first blank line. */
export function extractPythonMetadata(content: Uint8Array): Extraction {
  const head = decodeText(content).split(/\r?\n\r?\n/, 1)[0] ?? '';
  if (!/^Metadata-Version:/m.test(head)) throw new ExtractorError('NOT_THIS_FORMAT', 'the file holds no core metadata');
  const header = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(head)?.[1]?.trim() ?? '';
  const found = new Findings();
  found.add({ type: 'pypi', name: pypiName(header('Name')), version: header('Version') });
  return found.finish();
}
