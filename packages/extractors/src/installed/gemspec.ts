import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';

/** A specification as `gem install` writes it: assignments of texts to `name` and `version`; nothing of it is run. */
export function extractGemspec(content: Uint8Array): Extraction {
  const text = decodeText(content);
  const assigned = (field: string): string =>
    new RegExp(`^[ \\t]*\\w{1,20}\\.${field}\\s*=\\s*(?:Gem::Version\\.new\\(?)?["']([^"'\\n]{1,200})["']`, 'm').exec(
      text,
    )?.[1] ?? '';
  const found = new Findings();
  found.add({ type: 'gem', name: assigned('name'), version: assigned('version') });
  return found.finish();
}
