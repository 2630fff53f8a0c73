import { decodeText } from '../decode.ts';
import { type Extraction, Findings } from '../extraction.ts';

/**
 * Gemfile.lock: sections GEM, GIT and PATH with `specs:`, four blanks before each gem, six before what it depends on. Behind a hyphen
 * stands the platform of a prebuilt gem (`nokogiri (1.15.4-x86_64-linux)`). PATH is the project itself.
 */
export function extractGemfileLock(content: Uint8Array): Extraction {
  const found = new Findings();
  let section = '';
  let line = 0;
  for (const raw of decodeText(content).split('\n')) {
    line += 1;
    const text = raw.trimEnd();
    if (/^[A-Z]/.test(text)) section = text;
    const gem = section === 'GEM' || section === 'GIT' ? /^ {4}([^\s()]+) \(([^()]+)\)$/.exec(text) : null;
    if (gem) found.add({ type: 'gem', name: gem[1] ?? '', version: (gem[2] ?? '').split('-', 1)[0] ?? '' }, line);
  }
  return found.finish();
}

/** gradle.lockfile: `group:artifact:version=configurations` (Gradle user manual, "Locking dependency versions"). */
export function extractGradleLock(content: Uint8Array): Extraction {
  const found = new Findings();
  let line = 0;
  for (const raw of decodeText(content).split('\n')) {
    line += 1;
    const text = raw.trim();
    if (text === '' || text.startsWith('#') || text.startsWith('empty=')) continue;
    const [group = '', artifact = '', version = '', ...rest] = (text.split('=', 1)[0] ?? '').split(':');
    if (version === '' || rest.length > 0) found.problem(line, 'no line of a Gradle lock file');
    else found.add({ type: 'maven', name: `${group}:${artifact}`, version }, line);
  }
  return found.finish();
}
