import { limits, dpkgStates, type DpkgPackage } from '@vedette/protocol';
import { EcosystemError, VersionError } from '../errors.ts';
import { parseDebianVersion } from './version.ts';

export interface DpkgProblem {
  /** First line of the stanza, or the line itself, counted from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface DpkgStatus {
  readonly packages: DpkgPackage[];
  /** Stanzas that could not be understood; the others are unharmed. At most 1000 are kept. */
  readonly problems: DpkgProblem[];
}

/** `status`: /var/lib/dpkg/status. `fragment`: a file of status.d (distroless images), whose stanzas carry no Status field. */
export type DpkgDatabaseKind = 'status' | 'fragment';

const maxBytes = 64 * 1024 * 1024;
const maxProblems = 1000;
const wanted = new Set(['package', 'status', 'version', 'config-version', 'architecture', 'source']);
const wantedInitials = new Set([...wanted].map((field) => field.charCodeAt(0)));

/**
 * Reads the dpkg database: deb822(5) stanzas, of which it takes what the `dpkg` fact holds. Packages that are not installed at
 * all are left out; those of which configuration files remain are not.
 * Throws EcosystemError DATABASE_TOO_LARGE above 64 MiB or 50,000 packages: a part of an inventory would read as removals.
 */
export function parseDpkgStatus(content: Uint8Array | string, kind: DpkgDatabaseKind = 'status'): DpkgStatus {
  if (content.length > maxBytes)
    throw new EcosystemError('DATABASE_TOO_LARGE', `package database is larger than ${maxBytes} bytes`);
  const packages = new Map<string, DpkgPackage>();
  const problems: DpkgProblem[] = [];
  for (const stanza of stanzas(typeof content === 'string' ? content : new TextDecoder().decode(content))) {
    const found = stanza.problem ?? readStanza(stanza.fields, kind);
    if (found === null) continue;
    if (typeof found === 'string') {
      if (problems.length < maxProblems) problems.push({ line: stanza.line, reason: found });
      continue;
    }
    const key = `${found.name}:${found.architecture}`;
    // As for dpkg, what comes later holds.
    if (packages.has(key) && problems.length < maxProblems) {
      problems.push({ line: stanza.line, reason: `package ${key} appears more than once` });
    }
    packages.set(key, found);
    if (packages.size > limits.rowsPerDocument) {
      throw new EcosystemError('DATABASE_TOO_LARGE', `package database has more than ${limits.rowsPerDocument} packages`);
    }
  }
  return { packages: [...packages.values()], problems };
}

interface Stanza {
  readonly line: number;
  readonly fields: Map<string, string>;
  /** Name of the field of the line before, empty at the beginning. */
  field: string;
  problem: string | null;
}

/** One pass over the text; every line is looked at once, whatever its length. */
function* stanzas(text: string): Generator<Stanza> {
  let stanza: Stanza | null = null;
  let line = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    if (stanza && isBlank(text, start) && !wanted.has(stanza.field)) {
      // Most lines of a database are these: conffiles and descriptions, which nobody here reads.
    } else if (start === end || (text.charCodeAt(start) <= 0x20 && text.slice(start, end).trim() === '')) {
      if (stanza) yield stanza;
      stanza = null;
    } else {
      stanza ??= { line, fields: new Map(), field: '', problem: null };
      readLine(text.slice(start, end), line, stanza);
    }
    start = end + 1;
  }
  if (stanza) yield stanza;
}

function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}

function readLine(text: string, line: number, stanza: Stanza): void {
  if (isBlank(text, 0)) {
    stanza.problem ??= `line ${line}: ${stanza.field === '' ? 'no field name' : `${stanza.field} has a second line`}`;
    return;
  }
  stanza.field = readField(text, line, stanza);
}

/** Name of the field in small letters: deb822(5) names have no case. */
function readField(text: string, line: number, stanza: Stanza): string {
  const colon = text.indexOf(':');
  if (colon <= 0) {
    stanza.problem ??= `line ${line}: no field name`;
    return 'unknown';
  }
  // Only names of this length and first letter can be wanted; most lines need no closer look.
  if (colon > 64 || !wantedInitials.has(text.charCodeAt(0) | 0x20)) return 'unknown';
  const field = text.slice(0, colon).trimEnd().toLowerCase();
  if (!wanted.has(field)) return 'unknown';
  if (stanza.fields.has(field)) stanza.problem ??= `line ${line}: ${field} is given twice`;
  stanza.fields.set(field, text.slice(colon + 1).trim());
  return field;
}

/** The row of a stanza, null for a package that is not installed, or what is wrong with it. */
function readStanza(fields: Map<string, string>, kind: DpkgDatabaseKind): DpkgPackage | string | null {
  const name = fields.get('package') ?? '';
  if (!isPackageName(name)) return name === '' ? 'no Package field' : 'Package is not a package name';
  // dpkg writes such stanzas for names it only heard of in the relations of others.
  if (!fields.has('status') && !fields.has('version')) return null;
  const state = readState(fields.get('status'), kind);
  if (state === 'not-installed') return null;
  if (state === null) return `package ${name}: Status is missing or unknown`;
  const version = fields.get('version') ?? fields.get('config-version') ?? '';
  const versionProblem = whyNoVersion(version);
  if (versionProblem !== null) return `package ${name}: ${versionProblem}`;
  const architecture = fields.get('architecture') ?? '';
  if (!/^[a-zA-Z0-9-]{0,64}$/.test(architecture)) return `package ${name}: Architecture is not an architecture`;
  const source = readSource(fields.get('source') ?? '', name, version);
  if (typeof source === 'string') return `package ${name}: ${source}`;
  return { name, version, architecture, ...source, state };
}

function readState(status: string | undefined, kind: DpkgDatabaseKind): DpkgPackage['state'] | 'not-installed' | null {
  if (status === undefined) return kind === 'fragment' ? 'installed' : null;
  if (status.length > 128) return null;
  const words = status.split(/[ \t]+/);
  const state = words[2];
  if (words.length !== 3) return null;
  if (state === 'not-installed') return state;
  return dpkgStates.find((known) => known === state) ?? null;
}

/**
 * `Source: openssl (3.0.11-1)`: the version stands there when it is not the package's own, as after a rebuild (1.2-3+b1 from
 * source 1.2-3). Without the field the package is its own source.
 */
function readSource(value: string, name: string, version: string): Pick<DpkgPackage, 'source' | 'sourceVersion'> | string {
  if (value === '') return { source: name, sourceVersion: version };
  const open = value.indexOf('(');
  const source = (open < 0 ? value : value.slice(0, open)).trimEnd();
  if (!isPackageName(source)) return 'Source is not a package name';
  if (open < 0) return { source, sourceVersion: version };
  if (!value.endsWith(')')) return 'Source has an open parenthesis';
  const sourceVersion = value.slice(open + 1, -1).trim();
  const problem = whyNoVersion(sourceVersion);
  return problem === null ? { source, sourceVersion } : `Source: ${problem}`;
}

/** Letters, digits and -+._ after a letter or digit, which is what dpkg takes; policy is stricter. */
function isPackageName(text: string): boolean {
  return text.length <= 256 && /^[a-zA-Z0-9][a-zA-Z0-9.+_-]*$/.test(text);
}

function whyNoVersion(text: string): string | null {
  try {
    parseDebianVersion(text);
    return null;
  } catch (error) {
    if (error instanceof VersionError) return error.message;
    throw error;
  }
}
