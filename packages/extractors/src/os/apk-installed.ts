import { parseApkInstalled } from '@vedette/ecosystems';
import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';

/** The database of Alpine's package manager. */
export function extractApkInstalled(content: Uint8Array): Extraction {
  const found = new Findings();
  for (const { line, ...pkg } of parseApkInstalled(decodeText(content))) found.add({ type: 'apk', ...pkg }, line);
  return found.finish();
}
