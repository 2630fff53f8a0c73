import { type Manifest, manifestFormat, manifestLimits, type Probe } from '@vedette/protocol';

/** A probe of a kind that this agent does not know yet; it is reported as not understood. */
export interface UnknownProbe {
  readonly id: string;
  readonly kind: 'unknown';
}

export interface ReadManifest extends Omit<Manifest, 'format' | 'probes'> {
  readonly probes: readonly (Probe | UnknownProbe)[];
}

/**
 * Checks the shape of a manifest by hand: the schema of `protocol` describes the same, but an agent has no room for a schema library. Throws
 * Error in words for people. A field or kind that is not known is left out, so that a platform may be newer.
 */
export function readManifest(content: string): ReadManifest {
  if (content.length > manifestLimits.bytes) throw new Error(`it is larger than ${manifestLimits.bytes} bytes`);
  const manifest = object(parse(content), 'it');
  if (manifest['format'] !== manifestFormat) throw new Error('its format is not known to this agent; a newer one is needed');
  const version = manifest['version'];
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw new Error('its version is not a whole number');
  const probes = list(manifest['probes'], manifestLimits.probes, 'probes').map(readProbe);
  if (new Set(probes.map(({ id }) => id)).size < probes.length) throw new Error('two probes have one name');
  const collectors = manifest['collectors'];
  return {
    version: version as number, // checked above
    probes,
    ...(collectors === undefined
      ? {}
      : { collectors: list(collectors, 128, 'collectors').map((name) => text(name, 'a collector')) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** What each kind has beside its name. */
const kinds: { readonly [Kind in Probe['kind']]: (fields: Fields) => Omit<Extract<Probe, { kind: Kind }>, 'id' | 'kind'> } = {
  file: ({ path }) => ({ path: pathText(path) }),
  writable: ({ directories }) => ({ directories: places(directories).map(pathText) }),
  hash: ({ path }) => ({ path: pathText(path) }),
  line: ({ path }) => ({ path: pathText(path) }),
  extract: ({ path, pattern }) => ({ path: pathText(path), pattern: text(pattern, 'a pattern') }),
  setting: ({ files, format, section, key, winner }) => ({
    files: places(files).map(pathText),
    format: oneOf(format, ['ini', 'words', 'apt']),
    ...(section === undefined ? {} : { section: text(section, 'a section') }),
    key: text(key, 'a key'),
    winner: oneOf(winner, ['first', 'last']),
  }),
  sshd: ({ key }) => ({ key: text(key, 'a key') }),
  sysctl: ({ name }) => ({ name: matching(name, /^[a-z][a-z0-9_.*-]*$/, 'a parameter') }),
  unit: ({ names }) => ({ names: places(names).map((name) => matching(name, /^[A-Za-z0-9_.@-]+\.[a-z]+$/, 'a unit')) }),
  release: () => ({}),
};

function readProbe(value: unknown): Probe | UnknownProbe {
  const fields = object(value, 'a probe');
  const id = matching(fields['id'], /^[a-z][a-z0-9.-]{0,63}$/, 'the name of a probe');
  const kind = text(fields['kind'], 'a kind');
  if (!Object.hasOwn(kinds, kind)) return { id, kind: 'unknown' };
  const onlyIf = fields['onlyIf'] === undefined ? {} : { onlyIf: pathText(fields['onlyIf']) };
  const read = kinds[kind as Probe['kind']]; // has it, by the line above
  return { id, kind, ...onlyIf, ...read(fields) } as Probe; // of its kind by the table
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new Error('it is no JSON');
  }
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is not an object`);
  return value as Fields; // checked on the line above
}

function list(value: unknown, most: number, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new Error(`${name}: not a list of at most ${most}`);
  return value;
}

function places(value: unknown): readonly unknown[] {
  const found = list(value, manifestLimits.places, 'places');
  if (found.length === 0) throw new Error('places: none is named');
  return found;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || value.length > manifestLimits.textChars)
    throw new Error(`${name} is malformed`);
  return value;
}

function matching(value: unknown, pattern: RegExp, name: string): string {
  const found = text(value, name);
  if (!pattern.test(found)) throw new Error(`${name} is malformed`);
  return found;
}

function pathText(value: unknown): string {
  return matching(value, /^\/[^*]*(?:\*[^*/]*)?$/, 'a path');
}

function oneOf<Text extends string>(value: unknown, texts: readonly Text[]): Text {
  const found = texts.find((one) => one === value);
  if (found === undefined) throw new Error(`a word is none of ${texts.join(', ')}`);
  return found;
}
