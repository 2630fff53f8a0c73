import { postureMarks, type Probe } from '@vedette/protocol';
import type { Host } from '../host.ts';
import { settingsIn } from './parse.ts';
import { attempt, contentOf, expand, ProbeRefused, reading, type Reading } from './places.ts';
import { looksSecret, withoutSecrets } from './secrets.ts';

type Of<Kind extends Probe['kind']> = Extract<Probe, { kind: Kind }>;

export function readLine(host: Host, { path }: Of<'line'>): Reading[] {
  const paths = expand(host, path);
  if (paths.length === 0) return [reading(path, postureMarks.absent)];
  return paths.map((each) =>
    reading(
      each,
      attempt(() => {
        const text = contentOf(host, each);
        if (text === null) return null;
        const [line = ''] = text.split('\n').filter((one) => one.trim() !== '' && !one.startsWith('#'));
        if (line === '') return postureMarks.notSet;
        return withoutSecrets(line) === '' ? postureMarks.withheld : line.trim();
      }),
    ),
  );
}

/** Patterns of RE2 take time in proportion to the text; repetitions by number multiply the size of the pattern. */
const largeRepetition = /\{\s*(?:\d{3,}|\d*\s*,\s*\d{3,})/;

export async function readExtract(host: Host, { path, pattern }: Of<'extract'>): Promise<Reading[]> {
  const paths = expand(host, path);
  if (paths.length === 0) return [reading(path, postureMarks.absent)];
  if (largeRepetition.test(pattern)) throw new ProbeRefused(postureMarks.notAllowed);
  // Only where a manifest has a pattern: it costs an agent some 200 kB.
  const { RE2JS, RE2JSException } = await import('re2js');
  const compiled = ((): InstanceType<typeof RE2JS> => {
    try {
      return RE2JS.compile(pattern, RE2JS.MULTILINE);
    } catch (error) {
      if (error instanceof RE2JSException) throw new ProbeRefused(postureMarks.notUnderstood);
      throw error;
    }
  })();
  return paths.map((each) =>
    reading(
      each,
      attempt(() => {
        const text = contentOf(host, each);
        if (text === null) return null;
        const matcher = compiled.matcher(withoutSecrets(text));
        if (!matcher.find()) return postureMarks.notSet;
        return matcher.group(matcher.groupCount() > 0 ? 1 : 0) ?? postureMarks.notSet;
      }),
    ),
  );
}

export function readSetting(host: Host, probe: Of<'setting'>): Reading[] {
  let found: { value: string; file: string } | null = null;
  let isThere = false;
  for (const file of probe.files.flatMap((each) => expand(host, each))) {
    const text = attempt(() => contentOf(host, file));
    if (text === postureMarks.absent) continue;
    if (text === postureMarks.unreadable || text === postureMarks.tooLarge) return [reading(probe.key, text, file)];
    isThere = true;
    const values = settingsIn(text, probe);
    const value = probe.winner === 'first' ? values[0] : values.at(-1);
    if (value !== undefined && (probe.winner === 'last' || found === null)) found = { value, file };
  }
  if (found === null) return [reading(probe.key, isThere ? postureMarks.notSet : postureMarks.absent)];
  const value = looksSecret(probe.key, found.value) ? postureMarks.withheld : found.value;
  return [reading(probe.key, value, found.file)];
}

/** Whether a file has nothing that withoutSecrets would leave out; of what is no text nobody can tell, and it is a program. */
export function looksPlain(path: string, bytes: Uint8Array): boolean {
  if (!path.startsWith('/etc/')) return true;
  const text = new TextDecoder().decode(bytes);
  return withoutSecrets(text) === text;
}
