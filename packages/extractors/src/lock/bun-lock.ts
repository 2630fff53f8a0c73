import { decodeText, entriesOf, fieldOf, isRecord } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

/**
 * bun.lock (Bun documentation, "Lockfile"): JSON with commas before closing brackets; `packages` names each as a list that begins with
 * `name@version`. Workspaces, links and what comes from git or a file are the project itself, or from no registry.
 */
export function extractBunLock(content: Uint8Array): Extraction {
  const packages = fieldOf(readTolerant(decodeText(content)), 'packages');
  if (!isRecord(packages)) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no bun.lock');
  const found = new Findings();
  for (const [key, entry] of entriesOf(packages)) {
    const [written] = Array.isArray(entry) ? entry : [];
    const at = typeof written === 'string' ? written.lastIndexOf('@') : -1;
    const version = typeof written === 'string' ? written.slice(at + 1) : '';
    if (at > 0 && typeof written === 'string' && /^\d/.test(version)) {
      found.add({ type: 'npm', name: written.slice(0, at), version });
    } else if (typeof written !== 'string' || !/@(?:workspace|link|file|root):/.test(written)) {
      found.problem(0, `${key.slice(0, 100)} comes from no registry`);
    }
  }
  return found.finish();
}

/** Leaves out commas before a closing bracket, outside of texts. */
function readTolerant(text: string): unknown {
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (part) => (part === ',' ? '' : part));
  try {
    return JSON.parse(plain); // the caller looks at it through isRecord and its kin
  } catch (cause) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no JSON document', { cause });
  }
}
