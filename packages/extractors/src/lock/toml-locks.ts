import { parse } from 'smol-toml';
import { decodeText, fieldOf, isRecord, recordsOf, textOf, type OutsideRecord } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { pypiName } from '../purl.ts';

const maxBytes = 64 * 1024 * 1024;

/** poetry.lock, uv.lock and pylock.toml (PyPA specification): a table for each package. The project itself has no registry. */
export function extractPythonLock(content: Uint8Array): Extraction {
  const found = new Findings();
  const document = readToml(content);
  for (const entry of [...tablesOf(document, 'package'), ...tablesOf(document, 'packages')]) {
    const source = fieldOf(entry, 'source');
    // uv names the project and the members of a workspace so.
    if (isRecord(source) && ['editable', 'virtual', 'directory'].some((kind) => kind in source)) continue;
    const version = textOf(entry, 'version');
    if (version === '') found.problem(0, `${textOf(entry, 'name').slice(0, 100)} has no version`);
    else found.add({ type: 'pypi', name: pypiName(textOf(entry, 'name')), version });
  }
  return found.finish();
}

/** Cargo.lock: a table for each crate; a crate without source is part of the workspace itself. */
export function extractCargoLock(content: Uint8Array): Extraction {
  const found = new Findings();
  for (const entry of tablesOf(readToml(content), 'package')) {
    if (textOf(entry, 'source') !== '')
      found.add({ type: 'cargo', name: textOf(entry, 'name'), version: textOf(entry, 'version') });
  }
  return found.finish();
}

function tablesOf(document: unknown, name: string): OutsideRecord[] {
  return recordsOf(fieldOf(document, name));
}

function readToml(content: Uint8Array): unknown {
  if (content.length > maxBytes) throw new ExtractorError('TOO_LARGE', `the lock file has more than ${maxBytes} bytes`);
  try {
    return parse(decodeText(content), { maxDepth: 50 });
  } catch (cause) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no TOML document', { cause });
  }
}
