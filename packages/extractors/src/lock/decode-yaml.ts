import { parseAllDocuments } from 'yaml';
import { decodeText } from '../decode.ts';
import { ExtractorError } from '../errors.ts';

/** YAML takes a hundred times its size while it is read; the largest real lock files have a few megabytes. */
const maxBytes = 32 * 1024 * 1024;

/**
 * The documents of a YAML stream with `key` at the start of a line; what has none is refused unread, for reading costs much.
 * Throws ExtractorError TOO_LARGE, NOT_THIS_FORMAT.
 */
export function decodeYaml(content: Uint8Array, key: string): unknown[] {
  if (content.length > maxBytes) throw new ExtractorError('TOO_LARGE', `the lock file has more than ${maxBytes} bytes`);
  const text = decodeText(content);
  if (!new RegExp(`^${key}:`, 'm').test(text)) throw new ExtractorError('NOT_THIS_FORMAT', `the file has no ${key}`);
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent' });
    return [...documents].map((document): unknown => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS({ maxAliasCount: 100 });
    });
  } catch (cause) {
    if (cause instanceof ExtractorError) throw cause;
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no YAML document', { cause });
  }
}
