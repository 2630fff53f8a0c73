import { type Probe, postureMarks } from '@vedette/protocol';
import type { FileStatus, Host } from '../host.ts';
import { attempt, expand, permitted, reading, type Reading } from './places.ts';

type Of<Kind extends Probe['kind']> = Extract<Probe, { kind: Kind }>;

/** Names of users and groups by number, read once for each run. */
export interface Names {
  readonly user: (id: number) => string;
  readonly group: (id: number) => string;
}

/** Names by the numbers in passwd(5) and group(5); the first of a number counts. Nothing else of these files is used. */
export function namesOf(host: Host): Names {
  const tables = new Map<string, ReadonlyMap<number, string>>();
  const nameIn = (file: string, id: number): string => {
    // Everywhere the same, and most files are theirs.
    if (id === 0) return 'root';
    const known = tables.get(file) ?? idTable(attempt(() => host.readText(file, { maxBytes: 1024 * 1024 })));
    tables.set(file, known);
    return known.get(id) ?? String(id);
  };
  return { user: (id) => nameIn('/etc/passwd', id), group: (id) => nameIn('/etc/group', id) };
}

function idTable(text: string): ReadonlyMap<number, string> {
  const table = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':', 4);
    if (/^[A-Za-z_][\w.-]{0,31}\$?$/.test(name) && /^[0-9]{1,10}$/.test(id) && !table.has(Number(id)))
      table.set(Number(id), name);
  }
  return table;
}

export function readFileStatus(host: Host, names: Names, { path }: Of<'file'>): Reading[] {
  const paths = expand(host, path);
  if (paths.length === 0) return [reading(path, postureMarks.absent)];
  return paths.map((each) =>
    reading(
      each,
      attempt(() => statusText(host.stat(permitted(host, each, 'status')), names)),
    ),
  );
}

function statusText(status: FileStatus | null, names: Names): string | null {
  if (status === null) return null;
  const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
  return `${status.kind} ${mode} ${names.user(status.uid)}:${names.group(status.gid)}`;
}

const worldWritable = 0o002;
const sticky = 0o1000;
/** Of one directory; the rest would say the same. */
const maxWritable = 50;
const breatheEvery = 200;

/** A sticky directory lets everybody make files, but not replace those of others: it is not what is looked for. */
export async function readWritable(host: Host, names: Names, { directories }: Of<'writable'>): Promise<Reading[]> {
  const found: Reading[] = [];
  for (const directory of directories.flatMap((each) => expand(host, each))) {
    const own = host.stat(permitted(host, directory, 'names'));
    if (own === null) {
      found.push(reading(directory, postureMarks.absent));
      continue;
    }
    const loose: Reading[] = [];
    const look = (path: string, status: FileStatus | null): void => {
      const isLoose =
        status !== null && (status.mode & worldWritable) !== 0 && (status.kind !== 'directory' || (status.mode & sticky) === 0);
      if (isLoose && loose.length < maxWritable) loose.push(reading(path, statusText(status, names) ?? ''));
    };
    look(directory, own);
    const entries = host.listDirectory(directory) ?? [];
    for (const [index, name] of entries.entries()) {
      if (index % breatheEvery === 0) await host.breathe();
      look(`${directory}/${name}`, host.stat(`${directory}/${name}`));
    }
    found.push(...(loose.length === 0 ? [reading(directory, 'none')] : loose));
  }
  return found;
}

/** A program may be large; more is not held at once. */
const hashLimit = { maxBytes: 8 * 1024 * 1024 };

export function readHash(host: Host, { path }: Of<'hash'>, looksPlain: (path: string, bytes: Uint8Array) => boolean): Reading[] {
  return expand(host, path).map((each) => {
    const value = attempt(() => {
      const real = permitted(host, each, 'hash');
      const bytes = host.readFile(real, hashLimit);
      if (bytes === null) return null;
      // The hash of a short secret can be guessed.
      return looksPlain(real, bytes) ? host.sha256(bytes) : postureMarks.withheld;
    });
    return reading(each, value);
  });
}
