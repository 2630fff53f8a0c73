import { entriesOf, fieldOf, isRecord, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { decodeYaml } from './decode-yaml.ts';

/**
 * pnpm-lock.yaml of lockfile versions 5, 6 and 9. What is locked stands in the keys of `packages`: `/name/1.0.0_peers` (5),
 * `/name@1.0.0(peers)` (6), `name@1.0.0` (9); a package that comes from no registry says name and version in its entry.
 */
export function extractPnpmLock(content: Uint8Array): Extraction {
  const found = new Findings();
  let isLock = false;
  for (const document of decodeYaml(content, 'lockfileVersion')) {
    if (!isRecord(document) || !('lockfileVersion' in document)) continue;
    isLock = true;
    const isVersion5 = Number.parseFloat(String(document['lockfileVersion'])) < 6;
    for (const [key, entry] of entriesOf(fieldOf(document, 'packages'))) {
      const named = { name: textOf(entry, 'name'), version: textOf(entry, 'version') };
      const { name, version } = named.name !== '' && named.version !== '' ? named : splitKey(key, isVersion5);
      if (/^\d/.test(version)) found.add({ type: 'npm', name, version });
      else if (!/(^|@)(file|link):/.test(key)) found.problem(0, `${key.slice(0, 100)} comes from no registry`);
    }
  }
  if (!isLock) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no pnpm lock file');
  return found.finish();
}

function splitKey(key: string, isVersion5: boolean): { name: string; version: string } {
  const bare = key.split('(', 1)[0] ?? '';
  if (isVersion5) {
    // The host of another registry may stand before the first slash; names of packages are the last one or two segments.
    const segments = bare.split('/').filter((segment) => segment !== '');
    const version = (segments.pop() ?? '').split('_', 1)[0] ?? '';
    const name = segments.pop() ?? '';
    const scope = segments.pop() ?? '';
    return { name: scope.startsWith('@') ? `${scope}/${name}` : name, version };
  }
  const plain = bare.startsWith('/') ? bare.slice(1) : bare;
  const at = plain.lastIndexOf('@');
  return at <= 0 ? { name: plain, version: '' } : { name: plain.slice(0, at), version: plain.slice(at + 1) };
}
