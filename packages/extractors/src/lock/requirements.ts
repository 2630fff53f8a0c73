import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { pypiName } from '../purl.ts';

/**
 * A pip requirements file (pip documentation, "Requirements File Format"): only `name==version` says what is installed; a line with
 * a range or an address is a problem. Other files that it names (`-r`) are not followed.
 */
export function extractRequirements(content: Uint8Array): Extraction {
  const found = new Findings();
  let number = 0;
  let start = 0;
  let pending = '';
  for (const raw of decodeText(content).split('\n')) {
    number += 1;
    const line = raw.trimEnd();
    if (pending === '') start = number;
    // A backslash at the end joins lines; hashes are written so.
    if (line.endsWith('\\') && pending.length < 65_536) {
      pending += line.slice(0, -1);
      continue;
    }
    readRequirement(found, pending + line, start);
    pending = '';
  }
  if (pending !== '') readRequirement(found, pending, start);
  return found.finish();
}

function readRequirement(found: Findings, line: string, number: number): void {
  const text = (line.split('#', 1)[0] ?? '').trim();
  if (text === '' || text.startsWith('-')) return;
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}/.exec(text)?.[0] ?? '';
  const afterName = text.slice(name.length).trimStart();
  const extras = afterName.startsWith('[') ? afterName.indexOf(']') : -1;
  const specifier = (extras < 0 ? afterName : afterName.slice(extras + 1)).split(';', 1)[0]?.split(' --', 1)[0]?.trim() ?? '';
  const pinned = /^===?\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)$/.exec(specifier);
  if (name === '') found.problem(number, 'no requirement');
  else if (!pinned) found.problem(number, `${name} is not pinned to one version`);
  else found.add({ type: 'pypi', name: pypiName(name), version: pinned[1] ?? '' }, number);
}
