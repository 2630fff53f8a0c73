import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';

interface Block {
  readonly line: number;
  /** The first of the patterns at its head: `lodash@^4.0.0`. */
  readonly pattern: string;
  version: string;
  resolution: string;
}

/**
 * yarn.lock, version 1 (`version "1.2.3"`) and of Yarn 2 and later (`version: 1.2.3`, with the true name in `resolution`). Both are
 * blocks: an unindented line of patterns, then indented fields. Workspaces, links and folders are the project itself.
 */
export function extractYarnLock(content: Uint8Array): Extraction {
  const found = new Findings();
  let block: Block | null = null;
  let number = 0;
  for (const raw of decodeText(content).split('\n')) {
    number += 1;
    const line = raw.trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      addBlock(found, block);
      block = { line: number, pattern: firstPattern(line), version: '', resolution: '' };
    } else if (block && line[2] !== ' ') {
      const field = /^ {2}"?(version|resolution)"?:? "?([^"]*)"?$/.exec(line);
      if (field?.[1] === 'version') block.version ||= field[2] ?? '';
      if (field?.[1] === 'resolution') block.resolution ||= field[2] ?? '';
    }
  }
  addBlock(found, block);
  return found.finish();
}

function firstPattern(line: string): string {
  const first = line.replace(/:$/, '').split(',', 1)[0] ?? '';
  return first.trim().replace(/^"|"$/g, '');
}

function addBlock(found: Findings, block: Block | null): void {
  if (!block || block.pattern === '__metadata' || block.version === '') return;
  const written = splitPattern(block.resolution || block.pattern);
  if (
    /^(workspace|link|portal|file):/.test(written.range) ||
    /^(workspace|link|portal|file):/.test(splitPattern(block.pattern).range)
  )
    return;
  // Version 1 writes aliases as `alias@npm:real@^1.0.0`.
  const alias = /^npm:(@?[^@]+)@/.exec(written.range);
  found.add({ type: 'npm', name: alias?.[1] ?? written.name, version: block.version }, block.line);
}

/** `@scope/name@range`: the first @ that is not the scope's. */
function splitPattern(pattern: string): { name: string; range: string } {
  const at = pattern.indexOf('@', 1);
  return at < 0 ? { name: pattern, range: '' } : { name: pattern.slice(0, at), range: pattern.slice(at + 1) };
}
