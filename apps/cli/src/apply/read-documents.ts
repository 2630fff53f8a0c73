import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import type { Kind, Spec } from './kind.ts';
import { kinds } from './kinds.ts';

/** What a file wants to be true. */
export interface Wanted {
  readonly kind: Kind;
  readonly name: string;
  readonly spec: Spec;
  /** For messages: file and number of the document in it. */
  readonly where: string;
}

const maxFileBytes = 4 * 1024 ** 2;
const maxDocuments = 10_000;
const Head = z.strictObject({ kind: z.string(), name: z.string().default('default'), spec: z.unknown().optional() });

/** YAML (1.2, so JSON, too) by its name; of a directory every .yaml, .yml and .json, in the order of their names. */
export function readFiles(path: string): { name: string; text: string }[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, text: readLimited(path) }];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ya?ml|json)$/.test(name));
    if (names.length === 0) throw new CliError('USAGE', `${path} holds no .yaml, .yml or .json`);
    return names
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((name) => ({ name: join(path, name), text: readLimited(join(path, name)) }));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('USAGE', `${path} cannot be read`, { cause });
  }
}

function readLimited(path: string): string {
  if (statSync(path).size > maxFileBytes) throw new CliError('USAGE', `${path} is larger than ${maxFileBytes} bytes`);
  return readFileSync(path, 'utf8');
}

/** Every document of these texts, checked. Throws CliError CONFIG that names all faults at once, for none may be sent. */
export function readDocuments(files: readonly { name: string; text: string }[]): Wanted[] {
  const faults: string[] = [];
  const wanted: Wanted[] = [];
  const seen = new Map<string, string>();
  for (const { name, text } of files) {
    parseAllDocuments(text, { prettyErrors: true }).forEach((document, index) => {
      const where = index === 0 ? name : `${name} (document ${index + 1})`;
      if (document.errors.length > 0) return void faults.push(...document.errors.map(({ message }) => `${where}: ${message}`));
      const content = contentOf(document, where, faults);
      if (content === null) return; // nothing between two lines of dashes
      const read = readOne(content, where, faults);
      if (!read) return;
      const key = `${read.kind.kind} ${read.name}`;
      const other = seen.get(key);
      if (other !== undefined) faults.push(`${where}: ${key} stands in ${other} already`);
      seen.set(key, where);
      wanted.push(read);
    });
  }
  if (wanted.length > maxDocuments) faults.push(`more than ${maxDocuments} documents`);
  if (faults.length > 0) throw new CliError('CONFIG', faults.join('\n'));
  return wanted;
}

/** References (aliases) are followed, but not into a document that grows without end. */
function contentOf(document: Document.Parsed, where: string, faults: string[]): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    faults.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function readOne(content: unknown, where: string, faults: string[]): Wanted | null {
  const head = Head.safeParse(content);
  if (!head.success) return note(faults, where, head.error);
  const kind = kinds.find((one) => one.kind === head.data.kind);
  if (!kind) {
    faults.push(`${where}: kind "${head.data.kind}" is not one of ${kinds.map((one) => one.kind).join(', ')}`);
    return null;
  }
  const name = kind.name.safeParse(head.data.name);
  if (!name.success) return note(faults, `${where}: name`, name.error);
  const spec = kind.spec.safeParse(head.data.spec ?? {});
  if (!spec.success) return note(faults, `${where}: ${kind.kind} ${name.data}`, spec.error);
  return { kind, name: name.data, spec: spec.data, where };
}

function note(faults: string[], where: string, error: z.ZodError): null {
  faults.push(...error.issues.map(({ path, message }) => `${where}: ${[path.join('.'), message].filter(Boolean).join(': ')}`));
  return null;
}
