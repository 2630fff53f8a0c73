import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';

/**
 * The database of Alpine's package manager, `lib/apk/db/installed` (apk-v2(5)): paragraphs of `X:value` lines with a blank line
 * between. P name, V version, A architecture, o origin (the source package, which secdb speaks of). A package built for a
 * source of the same name may leave `o` out. Its version is the package's: apk builds all of an origin under one version.
 */
export function extractApkInstalled(content: Uint8Array): Extraction {
  const found = new Findings();
  let fields = new Map<string, string>();
  let start = 0;
  const flush = (): void => {
    if (fields.size === 0) return;
    const name = fields.get('P') ?? '';
    const version = fields.get('V') ?? '';
    found.add({ type: 'apk', name, version, architecture: fields.get('A') ?? '', source: fields.get('o') || name }, start);
    fields = new Map();
  };
  let number = 0;
  for (const line of decodeText(content).split('\n')) {
    number += 1;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') {
      flush();
      continue;
    }
    // The first of a kind holds: file lines (F, R, a, Z) follow, and none of them is read here.
    if (text[1] !== ':' || !wanted.has(text[0] ?? '') || fields.has(text[0] ?? '')) continue;
    if (fields.size === 0) start = number;
    fields.set(text[0] ?? '', text.slice(2).trim());
  }
  flush();
  return found.finish();
}

const wanted = new Set(['P', 'V', 'A', 'o']);
